//! What a signed-in caller may query, as the query service asks it.

use wellhead::{DataSource, Denied, QueryPermissions};
use wellhead_identity::{Identities, Identity};

pub(super) struct OfIdentity {
    pub(super) identities: Identities,
    pub(super) identity: Identity,
}

impl QueryPermissions for OfIdentity {
    fn check(&self, source: &DataSource) -> Result<(), Denied> {
        match self.identities.may_query(&self.identity, source.org_id, &source.uid) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Denied::new("it is granted to others; ask an admin of the org for Query on it")),
            Err(error) => {
                tracing::error!(target: "wellhead::http", "permissions cannot be read: {error}");
                Err(Denied::new("permissions cannot be read; the server's log says why"))
            }
        }
    }
}
