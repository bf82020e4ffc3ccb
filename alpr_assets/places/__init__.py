"""The department's own streets and addresses: the layer beneath maps and the gazetteer, without the internet.

`streets` the layer and where streets cross, `addresses` what stands where, `gazetteer` from words to a place, `spelling` of streets.
Nothing here knows a vehicle or a person. Each lies in a file of its own in the data folder, and is replaced whole.
"""
