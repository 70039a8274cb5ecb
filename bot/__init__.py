"""The house itself: rules in the cellar, actions on the ground floor, assembly under the roof."""
