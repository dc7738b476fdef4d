//! Grafana-compatible HTTP in front of a Wellhead host.
