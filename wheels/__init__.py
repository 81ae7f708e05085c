"""Builds wheels that bring machine code: kernels compiled ahead, for each kind of processor.

`targets` lists systems and levels of processors; `objects` compiles all entries for a vector width
and writes object files for each target of that width; `libraries` links them and writes manifests,
`inspection` looks into what came out; `__main__` makes the wheels. What finds and calls the
libraries is `raywidget/kernels/language/machine_code`.
"""
