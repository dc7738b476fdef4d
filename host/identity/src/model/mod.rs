//! What is kept, what may be asked to become of it, and what the fields may be.
//!
//! The serde form of what is kept is that of its record in the database: a field is added with a default and never renamed.

mod account;
pub(crate) mod check;
mod grant;
mod identity;
mod org;
mod page;
mod role;
mod user;

pub use account::{NewServiceAccount, NewToken, ServiceAccount, ServiceAccountUpdate, Token};
pub use check::{MAX_NAME_CHARS, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};
pub use grant::{Grant, Grantee, Permission};
pub use identity::{Identity, Who};
pub use org::{MAIN_ORG, Member, Membership, Org};
pub(crate) use page::Matcher;
pub use page::{MAX_PER_PAGE, Page, Search};
pub use role::Role;
pub use user::{NewUser, User, UserUpdate};
