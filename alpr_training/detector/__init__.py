"""One-class plate detector: a small net that finds plates' boxes and corners in a grey picture.

Here: scenes to train on, targets, network, training, export, evaluation.
Not here: drawing plates (`alpr_training.plates`), and finding plates in operation.
"""
