//! Whatever is done, rows and indexes agree.

use super::tables::{
    self, ACCOUNT_NAMES, ACCOUNTS, LOGINS, MEMBERS, MEMBERSHIPS, ORG_NAMES, ORGS, PASSWORDS, TOKEN_HASHES, TOKEN_NAMES,
    TOKENS, USERS,
};
use super::*;
use crate::{Grantee, NewToken, Org, Permission, ServiceAccount, ServiceAccountUpdate, Token, UserUpdate};
use proptest::prelude::*;
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::BTreeSet;

/// A command on small ids and few names, so that commands meet.
type Command = (u8, i64, i64, u8);

async fn run(identities: &Identities, (kind, a, b, name): Command) {
    let name = format!("n{name}");
    // Service accounts of two orgs only, so that tokens find theirs.
    let (few, account_id) = (a % 2 + 1, b);
    let role = if a % 2 == 0 { Role::Admin } else { Role::Viewer };
    // Refusals are as good as anything here.
    match kind {
        0 | 1 => {
            let email = if b % 2 == 0 { format!("{name}@x") } else { "n1".into() };
            let new = NewUser { email, is_admin: b % 3 == 0, role, org_id: a, ..NewUser::new(name, "") };
            drop(identities.write(|transaction| users::create(transaction, new, "no hash")).await);
        }
        2 => drop(identities.create_org(&name, Some(a)).await),
        3 => drop(identities.rename_org(a, &name).await),
        4 => drop(identities.delete_org(a).await),
        5 => drop(identities.add_member(a, b, role).await),
        6 => drop(identities.set_member_role(a, b, role).await),
        7 => drop(identities.remove_member(a, b).await),
        8 => drop(identities.delete_user(a).await),
        9 => {
            let update = UserUpdate { login: Some(name), email: Some(String::new()), name: None };
            drop(identities.update_user(a, update).await);
        }
        10 | 11 => {
            let new = NewServiceAccount { org_id: few, name, role, is_disabled: false };
            drop(identities.create_service_account(new).await);
        }
        12 => {
            let update = ServiceAccountUpdate { name: Some(name), ..ServiceAccountUpdate::default() };
            drop(identities.update_service_account(few, account_id, update).await);
        }
        13 => drop(identities.delete_service_account(few, account_id).await),
        14..=16 => drop(identities.create_token(few, account_id, NewToken { name, seconds_to_live: None }).await),
        17 => drop(identities.delete_token(few, account_id, a).await),
        18 => drop(identities.set_grant(a, &name, Grantee::User(b), Some(Permission::Query)).await),
        _ => drop(identities.set_server_admin(a, b % 2 == 0).await),
    }
}

/// Asserts that every index has what the rows say, and no more.
fn agree(transaction: &ReadTransaction) -> Result<(), IdentityError> {
    let orgs = tables::rows::<Org>(transaction, ORGS)?;
    let users = tables::rows::<User>(transaction, USERS)?;
    let accounts = tables::rows::<ServiceAccount>(transaction, ACCOUNTS)?;
    let tokens = tables::rows::<Token>(transaction, TOKENS)?;

    let names = transaction.open_table(ORG_NAMES)?;
    assert_eq!(names.len()?, orgs.len() as u64);
    assert!(orgs.iter().all(|org| names.get(org.name.as_str()).unwrap().unwrap().value() == org.id));

    let mut logins = BTreeSet::new();
    for user in &users {
        logins.insert((user.login.to_lowercase(), user.id));
        logins.extend((!user.email.is_empty()).then(|| (user.email.to_lowercase(), user.id)));
    }
    logins.extend(accounts.iter().map(|account| (account.login.clone(), account.id)));
    let kept = transaction.open_table(LOGINS)?;
    let kept: Result<BTreeSet<_>, _> =
        kept.iter()?.map(|entry| entry.map(|(name, id)| (name.value().to_owned(), id.value()))).collect();
    assert_eq!(kept?, logins);
    assert_eq!(transaction.open_table(PASSWORDS)?.len()?, users.len() as u64);

    let members = transaction.open_table(MEMBERS)?;
    assert_eq!(members.len()?, transaction.open_table(MEMBERSHIPS)?.len()?);
    for entry in members.iter()? {
        let (org_id, user_id) = entry?.0.value();
        assert!(orgs.iter().any(|org| org.id == org_id) && users.iter().any(|user| user.id == user_id));
        assert!(transaction.open_table(MEMBERSHIPS)?.get((user_id, org_id))?.is_some());
    }

    let account_names = transaction.open_table(ACCOUNT_NAMES)?;
    assert_eq!(account_names.len()?, accounts.len() as u64);
    for account in &accounts {
        assert_eq!(account_names.get((account.org_id, account.name.as_str()))?.unwrap().value(), account.id);
        assert!(orgs.iter().any(|org| org.id == account.org_id));
        assert!(users.iter().all(|user| user.id != account.id));
    }
    let (token_names, hashes) = (transaction.open_table(TOKEN_NAMES)?, transaction.open_table(TOKEN_HASHES)?);
    assert_eq!((token_names.len()?, hashes.len()?), (tokens.len() as u64, tokens.len() as u64));
    for token in &tokens {
        assert_eq!(token_names.get((token.account_id, token.name.as_str()))?.unwrap().value(), token.id);
        assert_eq!(hashes.get(&token.hash)?.unwrap().value(), token.id);
        assert!(accounts.iter().any(|account| account.id == token.account_id && account.org_id == token.org_id));
    }
    for (org_id, _, grant) in grants::all(transaction)? {
        assert!(orgs.iter().any(|org| org.id == org_id));
        if let Grantee::User(id) = grant.grantee {
            assert!(members.get((org_id, id))?.is_some(), "a grant to who is no member");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn rows_and_indexes_agree_after_any_commands(
        commands in prop::collection::vec((0..20_u8, 1..6_i64, 1..8_i64, 0..4_u8), 1..100)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let identities = identities().await;
            for command in commands {
                run(&identities, command).await;
            }
            identities.read(agree).unwrap();
        });
    }
}
