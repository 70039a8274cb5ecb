"""What the study decides: pure, standard library only, no clock, no chance, no input or output."""
