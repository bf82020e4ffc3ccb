"""Evidence: what is held is packed into a bag that anybody can verify, written to a medium, booked, and followed (422.5).

`contents` what a package says, `pictures` copies without bystanders, `report` the same for people, `bags` the package itself (BagIt, RFC
8493), `seals` its signature, `stamps` its time (RFC 3161), `verifying` whether it is still what left: a program that needs nothing of
ours. `packing` puts it together, `booking` follows it.
"""
