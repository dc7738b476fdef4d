//! Who is asking, and what may they do: orgs, users, service accounts and their tokens, sign-in, permissions, audit log.
//!
//! [`Identities`] keeps them in the database, [`Authenticator`] makes an [`Identity`] of credentials, and [`Identity::may`]
//! is the one table of what a role may do. Header names, statuses and Grafana's JSON are left to the crates above.

mod audit;
mod authenticate;
mod error;
mod identities;
mod model;
mod password;
mod permit;
mod random;
mod secret_text;
mod token_text;

pub use audit::{AuditEntry, AuditLog, Outcome};
pub use authenticate::{AuthError, Authenticator, Credentials, OPERATOR_FILE, OperatorToken};
pub use error::{Entity, IdentityError};
pub use identities::Identities;
pub use model::{
    Grant, Grantee, Identity, MAIN_ORG, MAX_NAME_CHARS, MAX_PASSWORD_BYTES, MAX_PER_PAGE, MIN_PASSWORD_CHARS, Member,
    Membership, NewServiceAccount, NewToken, NewUser, Org, Page, Permission, Role, Search, ServiceAccount,
    ServiceAccountUpdate, Token, User, UserUpdate, Who,
};
pub use permit::{Action, Needs};
pub use secret_text::SecretText;
