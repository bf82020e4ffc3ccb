"""Recognition on labelled pictures: how many plates are found and read right, how fast, in how much memory, and how honest.

    python -m benchmarks.recognition [--sets us_frames …] [--recognisers module:attribute …] [--limit N]

`sets` loads pictures and labels, `conditions` sorts them, `measuring` runs recognisers, `scoring` compares, `tables` and
`sheet` show. Not here: any recogniser; they are named as ALPR_RECOGNISER names them.
"""
