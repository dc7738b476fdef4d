//! The file itself.

mod backup;
mod full_disk;
mod opening;
mod restore;
