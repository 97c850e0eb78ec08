"""Vendor readers: one package a vendor, each turning configuration text into `network.Device` values."""
