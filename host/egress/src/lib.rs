//! Every way out of a Wellhead host: allow-list, pinning, TLS, credentials, connection pools.
