use super::*;
use crate::Access;
use serde_json::json;

fn read(files: &[(&str, &str)]) -> Result<Provisioning, ProvisioningError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Provisioning::read_with(folder.path(), &|name| (name == "PASSWORD").then(|| "hunter2!".to_owned()))
}

/// What is wrong, with the folder's name (which differs from run to run) cut off.
fn problems(text: &str) -> Vec<String> {
    let error = read(&[("ds.yaml", text)]).unwrap_err();
    error.problems.iter().map(shortened).collect()
}

fn shortened(problem: &Problem) -> String {
    let text = problem.to_string();
    let start = text.find("ds.yaml").unwrap_or_default();
    text[start..].to_owned()
}

#[test]
fn every_key_of_grafanas_format_arrives() {
    let text = "apiVersion: 1
datasources:
  - name: Shop
    type: postgres
    access: direct
    orgId: 3
    uid: shop-1
    url: db.example:5432
    user: reader
    database: shop
    basicAuth: true
    basicAuthUser: me
    withCredentials: true
    isDefault: true
    jsonData: {sslmode: require, maxOpenConns: 5, nested: {list: [1, '${PASSWORD}']}, plain: yes}
    secureJsonData:
      password: $PASSWORD
      pin: 0123
    editable: true
    version: 4
";
    let read = read(&[("ds.yaml", text)]).unwrap();
    assert_eq!(read.warnings, []);
    let source = read.data_sources().next().unwrap();
    assert_eq!((source.name.as_str(), source.plugin_id.as_str(), source.uid.as_str()), ("Shop", "postgres", "shop-1"));
    assert_eq!((source.org_id, source.access, source.version, source.read_only), (3, Access::Direct, 4, false));
    assert_eq!((source.url.as_str(), source.user.as_str()), ("db.example:5432", "reader"));
    assert_eq!((source.database.as_str(), source.basic_auth_user.as_str()), ("shop", "me"));
    assert!(source.basic_auth && source.with_credentials && source.is_default);
    let expected = json!({"sslmode":"require","maxOpenConns":5,"nested":{"list":[1,"hunter2!"]},"plain":"yes"});
    assert_eq!(serde_json::Value::from(source.json_data.clone()), expected);
    let secrets: Vec<_> = source.secure_json_data.plain().collect();
    assert_eq!(secrets, [("password", "hunter2!"), ("pin", "0123")], "a number stays the text it was");
}

#[test]
fn what_is_left_out_is_grafanas_default() {
    let read = read(&[("ds.yml", "apiVersion: 1\ndatasources: [{name: Prometheus, type: prometheus}]")]).unwrap();
    let source = read.data_sources().next().unwrap();
    assert_eq!((source.uid.as_str(), source.org_id, source.version), ("PBFA97CFB590B2093", 1, 1));
    assert!(source.read_only && !source.is_default);
}

#[test]
fn an_org_of_zero_is_the_first_one() {
    let text = "apiVersion: 1\ndatasources: [{name: a, type: t, orgId: 0, version: 0}]\ndeleteDatasources: [{name: b, orgId: 0}]";
    let read = read(&[("ds.yaml", text)]).unwrap();
    assert_eq!(read.data_sources().next().unwrap().org_id, 1);
    assert_eq!(read.deletions, [Deletion { org_id: 1, name: "b".into() }]);
}

#[test]
fn prune_is_said_for_a_whole_file_and_for_no_other() {
    let pruned = "apiVersion: 1\nprune: ${PRUNE}\ndatasources: [{name: a, type: t}]";
    let kept = "apiVersion: 1\ndatasources: [{name: b, type: t}]";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), pruned).unwrap();
    std::fs::write(folder.path().join("b.yaml"), kept).unwrap();
    let read = Provisioning::read_with(folder.path(), &|name| (name == "PRUNE").then(|| "true".into())).unwrap();
    assert_eq!(read.data_sources().map(|source| source.prunable).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn files_of_both_endings_and_of_grafanas_sub_folder_are_read_by_name() {
    let one = |name: &str| format!("apiVersion: 1\ndatasources: [{{name: {name}, type: testdata}}]");
    let (a, b, c) = (one("a"), one("b"), one("c"));
    let files = [
        ("b.yml", b.as_str()),
        ("a.yaml", &a),
        ("datasources/c.yaml", &c),
        ("dashboards/x.yaml", "no: {"),
        ("n.txt", "no: {"),
    ];
    let names: Vec<_> = read(&files).unwrap().data_sources().map(|source| source.name.clone()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn every_problem_names_file_line_key_and_cure() {
    let text = "apiVersion: 1
datasources:
  - name: a
    type: testdata
    isDefault: maybe
    access: sideways
    version: -1
    uid: 'a b'
  - type: testdata
    url: ${OPEN
  - {name: b, type: testdata, uid: .., orgId: many}
  - {name: c, type: testdata, secureJsonData: {'': x}}
deleteDatasources: [{orgId: -1}]
prune: perhaps
";
    insta::assert_snapshot!(problems(text).join("\n"));
}

#[test]
fn broken_yaml_names_its_line_and_shows_no_secret() {
    for (text, line) in [
        ("apiVersion: 1\ndatasources:\n  - name: [a\n    secureJsonData: {password: hunter2!}\n", 3),
        ("apiVersion: 1\ndatasources:\n  - name: {a: hunter2!}\n    type: x\n", 3),
        ("apiVersion: 1\ndatasources: hunter2!\n", 2),
        ("apiVersion: 1\napiVersion: 1\n", 2),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("ds.yaml:{line}: not a provisioning file: ")), "{found:?}");
        assert!(!found[0].contains("hunter2!"), "{found:?}");
    }
}

#[test]
fn a_file_of_another_version_or_of_none_is_refused() {
    assert_eq!(problems("apiVersion: 2\n"), ["ds.yaml:1: apiVersion: is \"2\": write \"apiVersion: 1\""]);
    assert_eq!(problems("datasources: []\n"), ["ds.yaml: apiVersion: missing: write \"apiVersion: 1\" at the top"]);
}

#[test]
fn a_shared_uid_name_or_default_is_refused_with_both_places() {
    let text = "apiVersion: 1
datasources:
  - {name: a, type: testdata, uid: one, isDefault: true}
  - {name: b, type: testdata, uid: one}
  - {name: a, type: testdata, uid: two, isDefault: true}
  - {name: a, type: testdata, uid: one, isDefault: true, orgId: 2}
";
    let found = problems(text);
    assert_eq!(found.len(), 3, "{found:?}");
    for (problem, (line, key, value)) in
        found.iter().zip([(4, "uid", "one"), (5, "name", "a"), (5, "isDefault", "true")])
    {
        assert!(problem.starts_with(&format!("ds.yaml:{line}: {key}: org 1 has {value:?} already, at ")), "{problem}");
        assert!(problem.contains("ds.yaml:3"), "{problem}");
    }
}

#[test]
fn unknown_keys_and_unset_variables_are_warned_about() {
    let text = "apiVersion: 1
colour: green
deleteDatasources: [{name: b, uid: c}]
datasources:
  - {name: a, type: testdata, colour: red, correlations: [], password: x, url: 'http://${NOT_SET}'}
";
    let warnings: Vec<_> = read(&[("ds.yaml", text)]).unwrap().warnings.iter().map(shortened).collect();
    insta::assert_snapshot!(warnings.join("\n"));
}

#[test]
fn an_alias_bomb_and_a_deep_nest_fail_instead_of_filling_the_memory() {
    let mut bomb = String::from("apiVersion: 1\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n");
    for level in 1..12 {
        let refs = vec![format!("*x{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("x{level}: &x{level} [{refs}]\n"));
    }
    let deep = format!("apiVersion: 1\nx: {}{}\n", "[".repeat(500), "]".repeat(500));
    for text in [bomb, deep] {
        assert!(problems(&text)[0].contains("not a provisioning file"));
    }
}

#[test]
fn an_included_file_that_is_too_large_or_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large");
    std::fs::write(&large, "x".repeat((1 << 20) + 1)).unwrap();
    for (path, reason) in [(large.as_path(), "has 1048577 bytes, 1048576 are allowed"), (folder.path(), "not a file")] {
        let text = format!("apiVersion: 1\ndatasources: [{{name: a, type: t, url: '$__file{{{}}}'}}]", path.display());
        let found = problems(&text);
        assert!(found[0].contains(reason), "{found:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_says_so() {
    let error = Provisioning::read(Path::new("/does/not/exist")).unwrap_err();
    assert!(error.to_string().contains("/does/not/exist: the folder cannot be read"), "{error}");
}

#[test]
fn a_file_or_folder_that_cannot_be_looked_at_is_a_problem_and_not_taken_for_none() {
    for name in ["ds.yaml", "datasources"] {
        let folder = tempfile::tempdir().unwrap();
        // Points to itself: looking at it is an error, as it is of a network file system that does not answer.
        std::os::unix::fs::symlink(name, folder.path().join(name)).unwrap();
        let error = Provisioning::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("cannot be read: "), "{error}");
    }
}

#[test]
fn a_folder_named_like_a_file_a_file_named_like_the_folder_and_a_link_to_nothing_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("dir.yaml")).unwrap();
    std::fs::write(folder.path().join("datasources"), "").unwrap();
    std::os::unix::fs::symlink("nothing", folder.path().join("gone.yaml")).unwrap();
    assert!(Provisioning::read(folder.path()).unwrap().files.is_empty());
}
