//! Embed Wellhead: one builder over store, runtime and query service.
