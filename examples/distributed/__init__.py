"""Training on more than one worker, a program for each engine. `task` is what they share."""
