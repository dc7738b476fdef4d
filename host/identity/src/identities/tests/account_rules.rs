//! Service accounts and their tokens.

use super::*;
use crate::{MAIN_ORG, NewToken, Search, ServiceAccountUpdate, token_text};
use jiff::{SignedDuration, Timestamp};

fn token(name: &str) -> NewToken {
    NewToken { name: name.into(), seconds_to_live: None }
}

#[tokio::test]
async fn names_are_unique_within_the_org_and_logins_everywhere() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    let one = account(&identities, MAIN_ORG, "My Robot").await;
    assert_eq!(one.login, "sa-1-my-robot");
    let new = NewServiceAccount { org_id: MAIN_ORG, name: one.name.clone(), role: Role::Admin, is_disabled: false };
    assert!(is_taken(identities.create_service_account(new).await, Entity::ServiceAccount, "name"));
    assert_eq!(account(&identities, org.id, "My Robot").await.login, "sa-2-my-robot");
    let same_slug = account(&identities, MAIN_ORG, "my robot").await;
    assert_eq!(same_slug.login, format!("sa-1-my-robot-{}", same_slug.id));
    let no_slug = account(&identities, MAIN_ORG, "机器人").await;
    assert_eq!(no_slug.login, format!("sa-1-{}", no_slug.id));
    let user = NewUser::new(one.login.as_str(), "password");
    assert!(is_taken(identities.create_user(user).await, Entity::User, "login"));
    assert!(is_not_found(identities.user_by_login_or_email(&one.login), Entity::User));
    assert!(is_not_found(identities.user(one.id), Entity::User));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_accounts_made_at_once_with_one_name_one_is() {
    let identities = identities().await;
    let new = || NewServiceAccount { org_id: 1, name: "robot".into(), role: Role::Viewer, is_disabled: false };
    let (one, other) = tokio::join!(identities.create_service_account(new()), identities.create_service_account(new()));
    assert!(one.is_ok() != other.is_ok());
}

#[tokio::test]
async fn an_account_changes_only_what_is_sent_and_only_in_its_org() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    let robot = account(&identities, MAIN_ORG, "robot").await;
    account(&identities, MAIN_ORG, "other").await;
    let update = |name: Option<&str>, role| ServiceAccountUpdate {
        name: name.map(str::to_owned),
        role,
        ..ServiceAccountUpdate::default()
    };
    let changed = identities.update_service_account(MAIN_ORG, robot.id, update(None, Some(Role::Admin))).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.role, changed.is_disabled), ("robot", Role::Admin, false));
    let taken = identities.update_service_account(MAIN_ORG, robot.id, update(Some("other"), None)).await;
    assert!(is_taken(taken, Entity::ServiceAccount, "name"));
    let renamed = identities.update_service_account(MAIN_ORG, robot.id, update(Some("new"), None)).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.login.as_str()), ("new", "sa-1-robot"));
    account(&identities, MAIN_ORG, "robot").await;
    let elsewhere = identities.update_service_account(org.id, robot.id, update(Some("x"), None)).await;
    assert!(is_not_found(elsewhere, Entity::ServiceAccount));
    assert!(is_not_found(identities.delete_service_account(org.id, robot.id).await, Entity::ServiceAccount));
}

#[tokio::test]
async fn accounts_of_one_org_are_listed_by_name_with_the_number_of_their_tokens() {
    let identities = identities().await;
    let org = identities.create_org("Team", None).await.unwrap();
    account(&identities, org.id, "robot elsewhere").await;
    let b = account(&identities, MAIN_ORG, "robot b").await;
    account(&identities, MAIN_ORG, "robot a").await;
    account(&identities, MAIN_ORG, "other").await;
    identities.create_token(MAIN_ORG, b.id, token("t")).await.unwrap();
    let search = Search { query: "ROBOT".into(), ..Search::default() };
    let found = identities.search_service_accounts(MAIN_ORG, search).await.unwrap().items;
    let found: Vec<_> = found.iter().map(|account| (account.name.as_str(), account.tokens)).collect();
    assert_eq!(found, [("robot a", 0), ("robot b", 1)]);
}

#[tokio::test]
async fn a_token_is_found_by_its_text_until_it_is_revoked_and_its_text_is_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.redb");
    let identities = Identities::open(Database::open(&file).unwrap()).await.unwrap();
    let robot = account(&identities, MAIN_ORG, "robot").await;
    let (made, text) = identities.create_token(MAIN_ORG, robot.id, token("t")).await.unwrap();
    let owner = || identities.token_owner(&token_text::hash(text.expose())).unwrap();
    assert_eq!(owner().map(|(token, account)| (token, account.id)), Some((made.clone(), robot.id)));
    let kept = std::fs::read(&file).unwrap();
    let secret = &text.expose().as_bytes()["glsa_".len()..37];
    assert!(!kept.windows(secret.len()).any(|window| window == secret));
    identities.delete_token(MAIN_ORG, robot.id, made.id).await.unwrap();
    assert_eq!(owner(), None);
    assert!(is_not_found(identities.delete_token(MAIN_ORG, robot.id, made.id).await, Entity::Token));
}

#[tokio::test]
async fn token_names_are_unique_within_the_account() {
    let identities = identities().await;
    let (robot, other) = (account(&identities, MAIN_ORG, "robot").await, account(&identities, MAIN_ORG, "other").await);
    let (made, _) = identities.create_token(MAIN_ORG, robot.id, token("t")).await.unwrap();
    assert!(is_taken(identities.create_token(MAIN_ORG, robot.id, token("t")).await, Entity::Token, "name"));
    identities.create_token(MAIN_ORG, other.id, token("t")).await.unwrap();
    assert!(is_not_found(identities.delete_token(MAIN_ORG, other.id, made.id).await, Entity::Token));
    assert_eq!(identities.tokens(MAIN_ORG, robot.id).await.unwrap(), [made]);
    assert!(is_not_found(identities.create_token(2, robot.id, token("u")).await, Entity::ServiceAccount));
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_asked_and_forever_for_0() {
    let identities = identities().await;
    let robot = account(&identities, MAIN_ORG, "robot").await;
    let make = |name: &str, seconds_to_live| {
        let new = NewToken { name: name.into(), seconds_to_live };
        let (identities, id) = (identities.clone(), robot.id);
        async move { identities.create_token(MAIN_ORG, id, new).await.map(|(token, _)| token) }
    };
    let hour = make("hour", Some(3600)).await.unwrap();
    let end = hour.created + SignedDuration::from_secs(3600);
    assert_eq!(hour.expires, Some(end));
    assert!(hour.has_expired(end) && !hour.has_expired(end - SignedDuration::from_nanos(1)));
    assert!(!make("forever", Some(0)).await.unwrap().has_expired(Timestamp::MAX));
    assert!(!make("for good", None).await.unwrap().has_expired(Timestamp::MAX));
    let too_long = make("too long", Some(u64::MAX)).await;
    assert!(matches!(too_long, Err(IdentityError::Invalid { field: "secondsToLive", .. })));
}

#[tokio::test]
async fn deleting_an_account_revokes_its_tokens() {
    let identities = identities().await;
    let robot = account(&identities, MAIN_ORG, "robot").await;
    let (_, text) = identities.create_token(MAIN_ORG, robot.id, token("t")).await.unwrap();
    identities.delete_service_account(MAIN_ORG, robot.id).await.unwrap();
    assert!(identities.token_owner(&token_text::hash(text.expose())).unwrap().is_none());
    assert!(is_not_found(identities.tokens(MAIN_ORG, robot.id).await, Entity::ServiceAccount));
    assert_eq!(account(&identities, MAIN_ORG, "robot").await.login, robot.login);
}
