//! Pages at a real PostgreSQL: what the server makes of them. MariaDB's are the MySQL plugin's tests.

use wellhead_sql::{Dialect, page};
use wellhead_test_servers::PostgreSql;

#[test]
fn postgres_pages_have_the_querys_rows_in_the_querys_order() {
    let server = PostgreSql::start().unwrap();
    server.ask("CREATE TABLE settings AS SELECT n, n AS format FROM generate_series(1, 9) AS n").unwrap();
    for (sql, expected) in [
        ("SELECT n FROM settings ORDER BY n DESC", "8 7"),
        ("SELECT format FROM settings ORDER BY format", "2 3"),
        ("SELECT n AS limit FROM settings ORDER BY n", "2 3"),
        ("SELECT n FROM settings UNION SELECT 0 ORDER BY n", "1 2"),
        ("SELECT n FROM settings EXCEPT SELECT 2 ORDER BY n LIMIT 2", "3"),
        ("SELECT n FROM settings ORDER BY n LIMIT 5 OFFSET 2", "4 5"),
        ("SELECT n FROM settings ORDER BY n OFFSET 7 ROWS", "9"),
        ("SELECT n FROM settings ORDER BY n OFFSET 2 LIMIT 2 FOR UPDATE", "4"),
        ("SELECT n FROM settings ORDER BY n FOR UPDATE", "2 3"),
        ("SELECT n FROM settings ORDER BY n FOR UPDATE LIMIT 2", "2"),
        ("SELECT n FROM settings ORDER BY n FETCH FIRST 2 ROWS ONLY", "2"),
        ("SELECT n FROM settings ORDER BY n LIMIT ALL", "2 3"),
        ("SELECT n FROM settings ORDER BY n LIMIT 1 + 1", "2"),
        ("VALUES (1), (2), (3), (4)", "2 3"),
        ("WITH x AS (SELECT n FROM settings LIMIT 4) SELECT n FROM x ORDER BY n DESC", "3 2"),
    ] {
        let answered = server.ask(&page(Dialect::postgres(), sql, 2, 1).unwrap());
        let answered = answered.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answered.replace('\n', " "), expected, "{sql}");
    }
}
