//! The data frame: Grafana's fields over Arrow, built, read, cast and written as JSON.
