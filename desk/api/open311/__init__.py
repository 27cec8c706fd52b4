"""Open311 GeoReport v2 as a bridge: a city's report of a defect becomes the same event as an order that is raised."""
