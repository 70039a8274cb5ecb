"""What people or time make happen: one file per action, one transaction each, the only writers."""
