"""Values that the rest of a description is made of: checked numbers, colours, arrays, transforms.

`checks` turns what a user wrote into what is meant or raises a `SceneError` that names the object;
`described` gives all scene objects their names, equality and repr; `docstrings` says once what
parameters have in common. Knows no scene object.
"""
