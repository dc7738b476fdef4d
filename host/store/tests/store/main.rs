//! What every store does, and what only a store on disk has to prove: crashes, full disks, backups.

mod cached;
mod command;
mod conformance;
mod crash;
mod database;
mod feed;
mod model;
mod process;
mod races;
mod reopening;
mod secrets;
mod support;
