//! What a plugin costs: to load, to start, to ask.

mod load;

pub(crate) use load::{LoadCost, load_cost};
