"""Builds wheels that bring machine code: kernels compiled ahead, for each kind of processor.

`objects` compiles all entries for one level of processors and writes an object file of each;
`libraries` links them and writes the manifest; `__main__` makes the wheels. What finds and calls
the libraries is `raywidget/kernels/language/machine_code`.
"""
