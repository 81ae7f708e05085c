"""Materials, textures and media -> rows of numbers. May use no other room of the compiler."""
