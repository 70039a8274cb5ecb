"""`make bench`: what is fast is measured against a rival in the same run; nothing here is a test."""
