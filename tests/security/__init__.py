"""What strangers and ill-meaning users try, against servers on loopback."""
