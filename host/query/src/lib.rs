//! The query service: who asks which data source for what, and with which limits.
