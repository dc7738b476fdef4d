//! Who may do what with a data source.

use super::*;
use crate::{Grant, Grantee, Identity, MAIN_ORG, Permission, Who};

fn caller(who: Who, role: Role) -> Identity {
    Identity { who, role, ..Identity::anonymous() }
}

fn viewer(id: i64) -> Identity {
    caller(Who::User { id }, Role::Viewer)
}

async fn grant(identities: &Identities, uid: &str, grantee: Grantee, permission: Permission) -> Grant {
    identities.set_grant(MAIN_ORG, uid, grantee, Some(permission)).await.unwrap().unwrap()
}

#[tokio::test]
async fn without_a_grant_every_member_of_the_org_may_query_and_nobody_else() {
    let identities = identities().await;
    assert!(identities.may_query(&viewer(1), MAIN_ORG, "prom").unwrap());
    assert!(identities.may_query(&Identity::anonymous(), MAIN_ORG, "prom").unwrap());
    assert_eq!(identities.permission(&viewer(1), MAIN_ORG, "prom").unwrap(), Some(Permission::Query));
    assert!(!identities.may_query(&viewer(1), 2, "prom").unwrap());
    assert!(!identities.may_query(&Identity::operator(1), 2, "prom").unwrap());
}

#[tokio::test]
async fn with_grants_those_named_may_and_the_admins() {
    let identities = identities().await;
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    let robot = account(&identities, MAIN_ORG, "robot").await;
    grant(&identities, "prom", Grantee::User(ada.id), Permission::Query).await;
    grant(&identities, "prom", Grantee::ServiceAccount(robot.id), Permission::Edit).await;
    let may = |identity: &Identity| identities.permission(identity, MAIN_ORG, "prom").unwrap();
    assert_eq!(may(&viewer(ada.id)), Some(Permission::Query));
    assert_eq!(may(&viewer(bob.id)), None);
    assert_eq!(may(&Identity::anonymous()), None);
    assert_eq!(may(&caller(Who::ServiceAccount { id: robot.id, token_id: 1 }, Role::Viewer)), Some(Permission::Edit));
    assert_eq!(may(&viewer(robot.id)), None, "a grant to a service account is none to a user");
    assert_eq!(may(&caller(Who::User { id: bob.id }, Role::Admin)), Some(Permission::Admin));
    assert_eq!(may(&Identity::operator(1)), Some(Permission::Admin));
    assert!(identities.may_query(&viewer(bob.id), MAIN_ORG, "other").unwrap(), "another data source stays open");
}

#[tokio::test]
async fn a_grant_to_a_role_is_one_to_higher_roles_too_and_the_highest_counts() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    grant(&identities, "prom", Grantee::Role(Role::Editor), Permission::Query).await;
    grant(&identities, "prom", Grantee::User(ada.id), Permission::Edit).await;
    let may = |id, role| identities.permission(&caller(Who::User { id }, role), MAIN_ORG, "prom").unwrap();
    assert_eq!(may(99, Role::Viewer), None);
    assert_eq!(may(99, Role::Editor), Some(Permission::Query));
    grant(&identities, "loki", Grantee::Role(Role::Viewer), Permission::Query).await;
    assert!(identities.may_query(&caller(Who::User { id: 99 }, Role::Editor), MAIN_ORG, "loki").unwrap());
    assert_eq!(may(ada.id, Role::Editor), Some(Permission::Edit));
}

#[tokio::test]
async fn one_grantee_has_one_grant_which_is_changed_and_taken_away() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    let first = grant(&identities, "prom", Grantee::User(ada.id), Permission::Query).await;
    let second = grant(&identities, "prom", Grantee::User(ada.id), Permission::Admin).await;
    assert_eq!(second, Grant { permission: Permission::Admin, ..first });
    assert_eq!(identities.grants(MAIN_ORG, "prom").unwrap(), [second]);
    assert!(is_not_found(identities.remove_grant(MAIN_ORG, "other", first.id).await, Entity::Grant));
    assert!(is_not_found(identities.remove_grant(2, "prom", first.id).await, Entity::Grant));
    assert_eq!(identities.remove_grant(MAIN_ORG, "prom", first.id).await.unwrap(), second);
    assert!(identities.set_grant(MAIN_ORG, "prom", Grantee::User(ada.id), None).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_remembered_changes_with_the_grants() {
    let identities = identities().await;
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    assert!(identities.may_query(&viewer(bob.id), MAIN_ORG, "prom").unwrap());
    let made = grant(&identities, "prom", Grantee::User(ada.id), Permission::Query).await;
    assert!(!identities.may_query(&viewer(bob.id), MAIN_ORG, "prom").unwrap());
    identities.remove_grant(MAIN_ORG, "prom", made.id).await.unwrap();
    assert!(identities.may_query(&viewer(bob.id), MAIN_ORG, "prom").unwrap());
}

#[tokio::test]
async fn what_is_remembered_changes_even_where_who_changed_it_has_left() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    assert!(identities.may_query(&Identity::anonymous(), MAIN_ORG, "prom").unwrap());
    let changing = identities.set_grant(MAIN_ORG, "prom", Grantee::User(ada.id), Some(Permission::Query));
    drop(futures_poll_once(changing).await);
    // The next command has its turn after the one that was left.
    user(&identities, "bob").await;
    assert_eq!(identities.grants(MAIN_ORG, "prom").unwrap().len(), 1);
    assert!(!identities.may_query(&Identity::anonymous(), MAIN_ORG, "prom").unwrap());
}

/// Polls once, so that the command has begun, and gives back what is to be dropped.
async fn futures_poll_once<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    future
}

#[tokio::test]
async fn several_grants_are_set_all_or_none_and_only_to_who_is_in_the_org() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    let (ada, robot) = (user(&identities, "ada").await, account(&identities, org.id, "robot").await);
    let query = Some(Permission::Query);
    let changes = vec![(Grantee::User(ada.id), query), (Grantee::ServiceAccount(robot.id), query)];
    assert!(is_not_found(identities.set_grants(1, "prom", changes).await, Entity::ServiceAccount));
    assert_eq!(identities.grants(1, "prom").unwrap(), []);
    let elsewhere = identities.set_grant(org.id, "prom", Grantee::User(ada.id), query).await;
    assert!(is_not_found(elsewhere, Entity::Member));
    assert!(is_not_found(identities.set_grant(99, "prom", Grantee::Role(Role::Viewer), query).await, Entity::Org));
    let bad = identities.set_grant(1, &"x".repeat(41), Grantee::Role(Role::Viewer), query).await;
    assert!(matches!(bad, Err(IdentityError::Invalid { field: "uid", .. })));
}

#[tokio::test]
async fn who_leaves_loses_its_grants_and_what_was_closed_stays_closed() {
    let identities = identities().await;
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    let robot = account(&identities, MAIN_ORG, "robot").await;
    for (uid, grantee) in [
        ("one", Grantee::User(ada.id)),
        ("two", Grantee::User(ada.id)),
        ("two", Grantee::User(bob.id)),
        ("three", Grantee::ServiceAccount(robot.id)),
    ] {
        grant(&identities, uid, grantee, Permission::Query).await;
    }
    identities.remove_member(MAIN_ORG, ada.id).await.unwrap();
    identities.delete_service_account(MAIN_ORG, robot.id).await.unwrap();
    let grantees = |uid| {
        let grants = identities.grants(MAIN_ORG, uid).unwrap();
        grants.iter().map(|grant| (grant.grantee, grant.permission)).collect::<Vec<_>>()
    };
    let closed = [(Grantee::Role(Role::Admin), Permission::Admin)];
    assert_eq!(grantees("one"), closed);
    assert_eq!(grantees("two"), [(Grantee::User(bob.id), Permission::Query)]);
    assert_eq!(grantees("three"), closed);
    identities.delete_user(bob.id).await.unwrap();
    assert_eq!(grantees("two"), closed);
    identities.add_member(MAIN_ORG, ada.id, Role::Viewer).await.unwrap();
    assert!(!identities.may_query(&viewer(ada.id), MAIN_ORG, "one").unwrap(), "coming back revives no grant");
}

#[tokio::test]
async fn grants_follow_a_data_source_to_its_new_uid_and_go_with_it() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    grant(&identities, "old", Grantee::User(ada.id), Permission::Query).await;
    grant(&identities, "taken", Grantee::Role(Role::Viewer), Permission::Query).await;
    assert!(is_taken(identities.copy_grants(MAIN_ORG, "old", "taken").await, Entity::Grant, "uid"));
    identities.copy_grants(MAIN_ORG, "old", "new").await.unwrap();
    for uid in ["old", "new"] {
        assert!(!identities.may_query(&viewer(99), MAIN_ORG, uid).unwrap(), "closed while it moves");
    }
    identities.remove_grants(MAIN_ORG, "old").await.unwrap();
    assert!(identities.may_query(&viewer(99), MAIN_ORG, "old").unwrap());
    assert!(!identities.may_query(&viewer(99), MAIN_ORG, "new").unwrap());
}

#[tokio::test]
async fn a_move_that_failed_takes_back_what_it_copied_and_nothing_else() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    let of_another = grant(&identities, "taken", Grantee::Role(Role::Editor), Permission::Query).await;
    let copied = identities.copy_grants(MAIN_ORG, "open", "taken").await.unwrap();
    assert_eq!(copied, [0_i64; 0], "an open one brings nothing along");
    identities.remove_copied_grants(MAIN_ORG, "taken", copied).await.unwrap();
    assert_eq!(identities.grants(MAIN_ORG, "taken").unwrap(), [of_another]);

    grant(&identities, "closed", Grantee::User(ada.id), Permission::Query).await;
    let copied = identities.copy_grants(MAIN_ORG, "closed", "free").await.unwrap();
    let later = grant(&identities, "free", Grantee::Role(Role::Editor), Permission::Query).await;
    identities.remove_copied_grants(MAIN_ORG, "free", copied).await.unwrap();
    assert_eq!(identities.grants(MAIN_ORG, "free").unwrap(), [later]);
    assert_eq!(identities.grants(MAIN_ORG, "closed").unwrap().len(), 1);
}

#[tokio::test]
async fn an_org_that_goes_takes_its_grants_and_no_others() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    let everybody = Grantee::Role(Role::Viewer);
    identities.set_grant(org.id, "prom", everybody, Some(Permission::Query)).await.unwrap();
    grant(&identities, "prom", everybody, Permission::Query).await;
    identities.delete_org(org.id).await.unwrap();
    assert_eq!(identities.grants(org.id, "prom").unwrap(), []);
    assert_eq!(identities.grants(MAIN_ORG, "prom").unwrap().len(), 1);
}

#[test]
fn permissions_have_grafanas_numbers_and_words() {
    let numbers = Permission::ALL.map(|permission| (permission.number(), permission.as_str()));
    assert_eq!(numbers, [(1, "Query"), (2, "Edit"), (4, "Admin")]);
    assert_eq!(
        Permission::ALL.map(|permission| Permission::from_number(permission.number())),
        Permission::ALL.map(Some)
    );
    assert_eq!(Permission::from_number(3), None);
    assert!(Permission::ALL.iter().all(|permission| permission.as_str().parse::<Permission>().unwrap() == *permission));
    assert!(Role::ALL.iter().all(|role| role.as_str().parse::<Role>().unwrap() == *role));
    let wrong = "viewer".parse::<Role>().unwrap_err().to_string();
    assert_eq!(wrong, r#"role is "viewer": choose Viewer, Editor or Admin"#);
}
