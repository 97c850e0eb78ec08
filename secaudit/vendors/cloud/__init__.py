"""Networks of cloud providers: the provider-neutral parts they are made of, and how these become devices."""
