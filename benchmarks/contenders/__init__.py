"""The same question, has the window drifted from the reference?, put to several tools, a process each."""
