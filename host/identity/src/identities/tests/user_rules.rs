//! Users and their passwords.

use super::*;
use crate::{MAIN_ORG, Search, SecretText, UserUpdate};
use redb::ReadableTableMetadata;

fn with_email(login: &str, email: &str) -> NewUser {
    NewUser { email: email.into(), ..NewUser::new(login, "password") }
}

#[tokio::test]
async fn a_user_is_found_by_id_login_and_email_without_regard_to_case() {
    let identities = identities().await;
    let ada = identities.create_user(with_email("Ada", "Ada@Example.org")).await.unwrap();
    assert_eq!(identities.user(ada.id).unwrap(), ada);
    assert_eq!(identities.user_by_login_or_email("aDA").unwrap(), ada);
    assert_eq!(identities.user_by_login_or_email("ada@example.ORG").unwrap(), ada);
    assert!(is_not_found(identities.user_by_login_or_email("bob"), Entity::User));
    assert_eq!(identities.role(MAIN_ORG, ada.id).unwrap(), Some(Role::Viewer));
}

#[tokio::test]
async fn a_user_without_a_login_signs_in_with_the_email() {
    let identities = identities().await;
    assert_eq!(identities.create_user(with_email("", "a@b.c")).await.unwrap().login, "a@b.c");
}

#[tokio::test]
async fn logins_and_emails_are_unique_as_one() {
    let identities = identities().await;
    let ada = identities.create_user(with_email("ada", "ada@b.c")).await.unwrap();
    assert!(is_taken(identities.create_user(with_email("ADA", "")).await, Entity::User, "login"));
    assert!(is_taken(identities.create_user(with_email("bob", "ADA@b.c")).await, Entity::User, "email"));
    assert!(is_taken(identities.create_user(with_email("ada@b.c", "")).await, Entity::User, "login"));
    let bob = identities.create_user(with_email("bob", "")).await.unwrap();
    let takes = UserUpdate { email: Some("ada@b.c".into()), ..UserUpdate::default() };
    assert!(is_taken(identities.update_user(bob.id, takes.clone()).await, Entity::User, "email"));
    let gives_up = UserUpdate { email: Some(String::new()), name: Some("Ada".into()), ..UserUpdate::default() };
    let ada = identities.update_user(ada.id, gives_up).await.unwrap();
    assert_eq!((ada.login.as_str(), ada.email.as_str(), ada.name.as_str()), ("ada", "", "Ada"));
    assert_eq!(identities.update_user(bob.id, takes).await.unwrap().email, "ada@b.c");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_users_made_at_once_with_one_login_one_is() {
    let identities = identities().await;
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let identities = identities.clone();
        makers.spawn(async move { identities.create_user(NewUser::new("ada", "password")).await.is_ok() });
    }
    assert_eq!(makers.join_all().await.into_iter().filter(|made| *made).count(), 1);
    assert_eq!(identities.search_users(Search::default()).await.unwrap().total, 1);
}

#[tokio::test]
async fn bad_fields_and_orgs_that_are_not_there_make_no_user() {
    let identities = identities().await;
    let field = |answer: Result<User, IdentityError>| match answer {
        Err(IdentityError::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(identities.create_user(NewUser::new("", "password")).await), "login");
    assert_eq!(field(identities.create_user(NewUser::new("ada", "123")).await), "password");
    assert_eq!(field(identities.create_user(with_email("ada", "a b")).await), "email");
    let name = NewUser { name: "\0".into(), ..NewUser::new("ada", "password") };
    assert_eq!(field(identities.create_user(name).await), "name");
    let org_id = 99;
    assert!(is_not_found(
        identities.create_user(NewUser { org_id, ..NewUser::new("ada", "password") }).await,
        Entity::Org
    ));
    assert_eq!(identities.search_users(Search::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn users_are_listed_by_login_in_pages_with_all_that_match_counted() {
    let identities = identities().await;
    for login in ["carl", "bob", "ada"] {
        user(&identities, login).await;
    }
    let named = UserUpdate { name: Some("Berta C".into()), ..UserUpdate::default() };
    identities.update_user(identities.user_by_login_or_email("ada").unwrap().id, named).await.unwrap();
    let page = identities.search_users(Search { query: "B".into(), page: 2, per_page: 1 }).await.unwrap();
    assert_eq!((page.total, page.page, page.per_page, page.items[0].login.as_str()), (2, 2, 1, "bob"));
}

#[tokio::test]
async fn the_last_server_admin_is_neither_demoted_nor_disabled_nor_deleted() {
    let identities = identities().await;
    identities.ensure_admin(Some("password")).await.unwrap();
    let admin = identities.user_by_login_or_email("admin").unwrap();
    let is_refused = |answer: Result<User, IdentityError>| matches!(answer, Err(IdentityError::LastServerAdmin { .. }));
    let other = user(&identities, "other").await;
    identities.set_server_admin(other.id, true).await.unwrap();
    identities.set_disabled(other.id, true).await.unwrap();
    assert!(is_refused(identities.set_server_admin(admin.id, false).await), "a disabled one does not count");
    assert!(is_refused(identities.set_disabled(admin.id, true).await));
    assert!(is_refused(identities.delete_user(admin.id).await));
    identities.set_disabled(other.id, false).await.unwrap();
    assert!(!identities.set_server_admin(admin.id, false).await.unwrap().is_admin);
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_and_its_login_is_free() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    assert_eq!(identities.delete_user(ada.id).await.unwrap(), ada);
    assert!(is_not_found(identities.user(ada.id), Entity::User));
    assert_eq!(identities.members(MAIN_ORG).await.unwrap(), []);
    assert!(identities.sign_in("ada").unwrap().is_none());
    assert!(user(&identities, "ada").await.id > ada.id);
}

#[tokio::test]
async fn the_current_org_is_one_that_the_user_belongs_to() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    let org = identities.create_org("Team", None).await.unwrap();
    assert!(is_not_found(identities.set_current_org(ada.id, org.id).await, Entity::Member));
    identities.add_member(org.id, ada.id, Role::Viewer).await.unwrap();
    assert_eq!(identities.set_current_org(ada.id, org.id).await.unwrap().org_id, org.id);
}

#[tokio::test]
async fn a_password_is_kept_as_a_hash_and_changed_by_who_knows_it() {
    let identities = identities().await;
    let ada = identities.create_user(NewUser::new("ada", "old password")).await.unwrap();
    let phc = || identities.sign_in("ada").unwrap().unwrap().phc.unwrap();
    let before = phc();
    assert!(before.starts_with("$argon2id$") && !before.contains("old password"));
    let wrong = identities.change_password(ada.id, "not it", "new password").await;
    assert!(matches!(wrong, Err(IdentityError::WrongPassword)));
    assert!(matches!(
        identities.change_password(ada.id, "old password", "").await,
        Err(IdentityError::Invalid { field: "password", .. })
    ));
    assert_eq!(phc(), before);
    identities.change_password(ada.id, "old password", "new password").await.unwrap();
    assert_ne!(phc(), before);
    assert!(is_not_found(identities.set_password(99, "password").await, Entity::User));
}

#[tokio::test]
async fn the_first_start_makes_an_admin_and_later_ones_change_nothing() {
    let identities = identities().await;
    let made = identities.ensure_admin(None).await.unwrap().map(|made| made.expose().to_owned()).unwrap();
    assert_eq!(made.len(), 24);
    let admin = identities.user_by_login_or_email("admin").unwrap();
    assert!(admin.is_admin);
    assert_eq!(identities.role(MAIN_ORG, admin.id).unwrap(), Some(Role::Admin));
    let phc = identities.sign_in("admin").unwrap().unwrap().phc;
    assert!(identities.ensure_admin(None).await.unwrap().is_none());
    assert!(identities.ensure_admin(Some("other password")).await.unwrap().is_none());
    assert_eq!(identities.sign_in("admin").unwrap().unwrap().phc, phc);
}

#[tokio::test]
async fn users_that_were_added_before_the_first_start_do_not_keep_it_from_making_an_admin() {
    let before = identities().await;
    user(&before, "ada").await;
    before.ensure_admin(Some("password")).await.unwrap();
    assert!(before.user_by_login_or_email("admin").unwrap().is_admin);

    let administered = identities().await;
    let ada = user(&administered, "ada").await;
    administered.set_server_admin(ada.id, true).await.unwrap();
    assert!(administered.ensure_admin(None).await.unwrap().is_none(), "there is one");

    let taken = identities().await;
    let admin = user(&taken, "admin").await;
    assert!(taken.ensure_admin(None).await.unwrap().is_none());
    assert!(!taken.user(admin.id).unwrap().is_admin, "whoever has the login is made nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_first_starts_at_once_one_makes_the_admin_and_tells_its_password() {
    let identities = identities().await;
    let (one, other) = tokio::join!(identities.ensure_admin(None), identities.ensure_admin(None));
    let told: Vec<_> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
    assert_eq!(told.len(), 1);
    let admin = identities.user_by_login_or_email("admin").unwrap();
    identities.change_password(admin.id, told[0].expose(), "another").await.unwrap();
}

#[tokio::test]
async fn when_somebody_was_last_seen_is_not_kept_of_who_is_gone() {
    let identities = identities().await;
    let (ada, bob) = (user(&identities, "ada").await, user(&identities, "bob").await);
    identities.write_used(vec![(Used::User(ada.id), 1), (Used::User(bob.id), 2)]).await.unwrap();
    identities.delete_user(ada.id).await.unwrap();
    identities.write_used(vec![(Used::User(ada.id), 3), (Used::Token(9), 4)]).await.unwrap();
    let kept = |transaction: &ReadTransaction| {
        let (seen, used) = (transaction.open_table(tables::USER_SEEN)?, transaction.open_table(tables::TOKEN_USED)?);
        Ok((seen.len()?, used.len()?))
    };
    assert_eq!(identities.read(kept).unwrap(), (1, 0));
}

#[tokio::test]
async fn the_first_admin_has_the_password_of_the_environment_if_it_is_a_good_one() {
    let identities = identities().await;
    assert!(matches!(identities.ensure_admin(Some("")).await, Err(IdentityError::Invalid { .. })));
    assert!(identities.ensure_admin(Some("from outside")).await.unwrap().is_none());
    let admin = identities.user_by_login_or_email("admin").unwrap();
    identities.change_password(admin.id, "from outside", "another").await.unwrap();
}

#[test]
fn debug_of_a_new_user_does_not_show_the_password() {
    let shown = format!("{:?}", NewUser::new("ada", SecretText::from("hunter2")));
    assert!(shown.contains("ada") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_password_that_was_replaced_meanwhile_is_not_replaced_again() {
    let identities = identities().await;
    let ada = user(&identities, "ada").await;
    let before = identities.sign_in("ada").unwrap().unwrap().phc;
    identities.set_password(ada.id, "of the admin").await.unwrap();
    let replaced = identities.replace_password(ada.id, before, "of who knew the old").await;
    assert!(matches!(replaced, Err(IdentityError::WrongPassword)));
    let now = identities.sign_in("ada").unwrap().unwrap().phc;
    identities.replace_password(ada.id, now, "another one").await.unwrap();
    assert!(matches!(
        identities.change_password(ada.id, "of the admin", "x y z 1 2").await,
        Err(IdentityError::WrongPassword)
    ));
    identities.change_password(ada.id, "another one", "of the admin").await.unwrap();
}
