//! Data sources: their model, the store trait and provisioning files.
