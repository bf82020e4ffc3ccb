"""Watches: plates and partial plates that members look for, over past and future reads (422.4(c))."""
