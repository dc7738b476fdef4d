//! The WebSocket plugin before a real endpoint.
