"""The prefecture's view: many results rolled up into one offline site."""
