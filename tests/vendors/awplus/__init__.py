"""Tests of the AlliedWare Plus reader."""
