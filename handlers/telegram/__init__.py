"""The Telegram door: store first, then confirm; translate, call one action, translate back."""
