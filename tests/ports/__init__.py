"""Models written in plain Brian2 from their papers' equations, against the same in bioworkbench."""
