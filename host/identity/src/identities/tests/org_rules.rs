//! Orgs and their members.

use super::*;
use crate::{MAIN_ORG, Search};

#[tokio::test]
async fn a_new_database_has_the_main_org_and_keeps_what_became_of_it() {
    let database = Database::in_memory().unwrap();
    let first = Identities::open(database.clone()).await.unwrap();
    assert_eq!(first.org_by_name("Main Org.").unwrap().id, MAIN_ORG);
    first.rename_org(MAIN_ORG, "Ours").await.unwrap();
    let second = Identities::open(database).await.unwrap();
    let orgs = second.search_orgs(Search::default()).await.unwrap();
    assert_eq!(orgs.items.iter().map(|org| org.name.as_str()).collect::<Vec<_>>(), ["Ours"]);
}

#[tokio::test]
async fn org_names_are_unique_and_a_name_given_up_is_free() {
    let identities = identities().await;
    let a = identities.create_org("A", None).await.unwrap();
    let b = identities.create_org("B", None).await.unwrap();
    assert!(is_taken(identities.create_org("A", None).await, Entity::Org, "name"));
    assert!(is_taken(identities.rename_org(b.id, "A").await, Entity::Org, "name"));
    assert_eq!(identities.rename_org(b.id, "B").await.unwrap().name, "B", "its own name");
    identities.rename_org(a.id, "C").await.unwrap();
    assert_eq!(identities.rename_org(b.id, "A").await.unwrap().name, "A");
    assert_eq!(identities.org_by_name("C").unwrap().id, a.id);
    assert!(is_not_found(identities.org_by_name("B"), Entity::Org));
    assert!(matches!(identities.create_org("a\u{7}", None).await, Err(IdentityError::Invalid { field: "name", .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_orgs_made_at_once_with_one_name_one_is() {
    let identities = identities().await;
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let identities = identities.clone();
        makers.spawn(async move { identities.create_org("Team", None).await.is_ok() });
    }
    assert_eq!(makers.join_all().await.into_iter().filter(|made| *made).count(), 1);
    assert_eq!(identities.search_orgs(Search::default()).await.unwrap().total, 2);
}

#[tokio::test]
async fn who_makes_an_org_is_its_admin() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    let org = identities.create_org("Team", Some(ada.id)).await.unwrap();
    assert_eq!(identities.role(org.id, ada.id).unwrap(), Some(Role::Admin));
    assert!(is_not_found(identities.create_org("Other", Some(99)).await, Entity::User));
    assert!(is_not_found(identities.org_by_name("Other"), Entity::Org));
}

#[tokio::test]
async fn deleting_an_org_takes_all_that_belongs_to_it_and_the_main_org_stays() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    let org = identities.create_org("Team", Some(ada.id)).await.unwrap();
    let robot = account(&identities, org.id, "robot").await;
    assert!(matches!(identities.delete_org(MAIN_ORG).await, Err(IdentityError::MainOrg)));
    identities.delete_org(org.id).await.unwrap();
    assert!(is_not_found(identities.org(org.id), Entity::Org));
    assert!(is_not_found(identities.delete_org(org.id).await, Entity::Org));
    assert!(is_not_found(identities.service_account(org.id, robot.id), Entity::ServiceAccount));
    let orgs = identities.memberships(ada.id).await.unwrap();
    assert_eq!(orgs.iter().map(|membership| membership.org.id).collect::<Vec<_>>(), [MAIN_ORG]);
    let again = identities.create_org("Team", None).await.unwrap();
    assert!(again.id > org.id, "an id is never given twice");
}

#[tokio::test]
async fn orgs_are_listed_by_name_as_far_as_they_match() {
    let identities = identities().await;
    for name in ["beta team", "Alpha Team", "other"] {
        identities.create_org(name, None).await.unwrap();
    }
    let search = Search { query: "TEAM".into(), ..Search::default() };
    let names = identities.search_orgs(search).await.unwrap().items.into_iter().map(|org| org.name);
    assert_eq!(names.collect::<Vec<_>>(), ["Alpha Team", "beta team"]);
}

#[tokio::test]
async fn members_are_added_once_changed_and_removed() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    let (bob, ada) = (user(&identities, "bob").await, user(&identities, "ada").await);
    identities.add_member(org.id, bob.id, Role::Viewer).await.unwrap();
    identities.add_member(org.id, ada.id, Role::Admin).await.unwrap();
    assert!(is_taken(identities.add_member(org.id, bob.id, Role::Admin).await, Entity::Member, "login"));
    assert!(is_not_found(identities.add_member(org.id, 99, Role::Admin).await, Entity::User));
    assert!(is_not_found(identities.add_member(99, bob.id, Role::Admin).await, Entity::Org));
    identities.set_member_role(org.id, bob.id, Role::Editor).await.unwrap();
    let members = identities.members(org.id).await.unwrap();
    let members: Vec<_> = members.iter().map(|member| (member.user.login.as_str(), member.role)).collect();
    assert_eq!(members, [("ada", Role::Admin), ("bob", Role::Editor)]);
    identities.remove_member(org.id, bob.id).await.unwrap();
    assert_eq!(identities.role(org.id, bob.id).unwrap(), None);
    assert!(is_not_found(identities.remove_member(org.id, bob.id).await, Entity::Member));
    assert!(is_not_found(identities.set_member_role(org.id, bob.id, Role::Admin).await, Entity::Member));
    assert!(is_not_found(identities.members(99).await, Entity::Org));
}

#[tokio::test]
async fn the_last_admin_of_an_org_is_neither_removed_nor_demoted_nor_deleted() {
    let identities = identities().await;
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    let org = identities.create_org("Team", Some(ada.id)).await.unwrap();
    identities.add_member(org.id, bob.id, Role::Editor).await.unwrap();
    let is_refused = |answer: Result<(), IdentityError>| matches!(answer, Err(IdentityError::LastAdmin { org_id, login }) if org_id == org.id && login == "ada");
    assert!(is_refused(identities.set_member_role(org.id, ada.id, Role::Viewer).await));
    assert!(is_refused(identities.remove_member(org.id, ada.id).await));
    assert!(is_refused(identities.delete_user(ada.id).await.map(|_| ())));
    assert_eq!(identities.role(MAIN_ORG, ada.id).unwrap(), Some(Role::Viewer), "what is refused changes nothing");
    identities.set_member_role(org.id, ada.id, Role::Admin).await.unwrap();
    identities.set_member_role(org.id, bob.id, Role::Admin).await.unwrap();
    identities.remove_member(org.id, ada.id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_last_admins_who_leave_at_once_one_stays() {
    let identities = identities().await;
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    let org = identities.create_org("Team", Some(ada.id)).await.unwrap();
    identities.add_member(org.id, bob.id, Role::Admin).await.unwrap();
    let (one, other) = tokio::join!(identities.remove_member(org.id, ada.id), identities.remove_member(org.id, bob.id));
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(identities.members(org.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_admin_who_is_disabled_is_no_admin_to_leave_an_org_to() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    identities.add_member(org.id, ada.id, Role::Admin).await.unwrap();
    identities.add_member(org.id, bob.id, Role::Admin).await.unwrap();
    identities.set_disabled(bob.id, true).await.unwrap();
    for refused in [
        identities.remove_member(org.id, ada.id).await,
        identities.set_member_role(org.id, ada.id, Role::Viewer).await,
        identities.delete_user(ada.id).await.map(drop),
    ] {
        assert!(matches!(refused, Err(IdentityError::LastAdmin { .. })), "{refused:?}");
    }
    identities.set_disabled(bob.id, false).await.unwrap();
    identities.remove_member(org.id, ada.id).await.unwrap();
}
