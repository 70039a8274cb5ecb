"""The console door: the pages of the staff."""
