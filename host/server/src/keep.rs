//! Where operators' words about plugins go, to be there at the next start.

use std::io;
use wellhead::OperatorState;

/// Keeps what operators say of plugins beyond the life of the process.
///
/// Handed to [`Server::keep_operator_states`](crate::Server::keep_operator_states); what was kept goes to
/// `WellheadBuilder::operator_state` at the next start.
pub trait KeepOperatorStates: Send + Sync + 'static {
    /// Keeps `state` as all that operators say of the plugin. The default state says nothing, and need not be kept. Called
    /// on a thread that may block, one call at a time.
    ///
    /// # Errors
    /// Where it could not be kept: the operator is told.
    fn keep(&self, plugin_id: &str, state: OperatorState) -> io::Result<()>;
}
