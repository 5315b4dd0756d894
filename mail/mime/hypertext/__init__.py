"""HTML and style sheets of messages, made safe."""
