//! What a plugin does beside answering small tables: concurrent queries, every type, large results, log lines, resource
//! calls, live channels.

use crate::LANGUAGES;
use crate::support::{Log, as_json, cases, frame};
use crate::upstream::Upstream;
use anyhow::{Context, Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use futures::StreamExt;
use serde_json::{Value, json};
use wellhead_frame::Frame;
use wellhead_runtime::{
    CallResourceRequest, DataQuery, Piece, QueryDataRequest, ResourceBody, RunEnd, StreamAccess, StreamRequest,
};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_queries_of_a_request_run_side_by_side() -> Result<()> {
    let upstream = Upstream::start().await?;
    for language in LANGUAGES {
        // The upstream answers none of them before half of them wait.
        let host = cases(language, upstream.url()).await?;
        let answers = host.ask(&vec![json!({"do": "fetch"}); 50], 0, 1).await?;
        assert!(answers.iter().all(|answer| answer.error.is_none()), "{language}: {answers:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_as_it_was_meant() -> Result<()> {
    let mut seen = Vec::new();
    for language in LANGUAGES {
        let host = cases(language, "http://127.0.0.1".to_owned()).await?;
        let frame = frame(&host, json!({"do": "types"})).await?;
        let types: Vec<_> = frame.fields().map(|field| field.field_type().to_string()).collect();
        assert_eq!(
            types.join(" "),
            "time.Time string bool json.RawMessage enum int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 \
             float64 float64",
            "{language}"
        );
        let nullable: Vec<_> = frame.fields().map(|field| field.nullable()).collect();
        assert_eq!(nullable.iter().filter(|nullable| !**nullable).count(), 1, "{language}");
        let time = frame.field(0).context("the time")?.values().next();
        assert_eq!(
            time,
            Some(wellhead_frame::Value::Time(wellhead_frame::Timestamp(1_700_000_000_123_456_789))),
            "{language}"
        );
        let text = frame.field_named("string").context("a string")?;
        assert_eq!(text.values().next(), Some("ü😀".into()), "{language}");
        assert_eq!(text.labels().iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), ["a=1", "b=2"]);
        seen.push(as_json(&frame)?);
    }
    assert_eq!(seen.first(), seen.last());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_result_comes_in_pieces() -> Result<()> {
    const ROWS: usize = 400_000;
    for language in LANGUAGES {
        let host = cases(language, "http://127.0.0.1".to_owned()).await?;
        let model = json!({"do": "large", "rows": ROWS}).to_string();
        let query = DataQuery { ref_id: "A".to_owned(), model, ..DataQuery::default() };
        let request = QueryDataRequest { queries: vec![query] };
        let reply = host.runtime().client().query_data(host.context(), request).await?;
        let mut pieces = reply.rest.context("pieces")?;
        let (mut next, mut batches, mut done) = (0, 0, 0);
        while let Some(piece) = pieces.next().await {
            match piece? {
                Piece::Begin { schema, .. } => assert_eq!(schema.fields().len(), 2),
                Piece::Batch { batch, .. } => {
                    batches += 1;
                    for number in batch.column(0).as_primitive::<Int64Type>().values() {
                        assert_eq!(*number, next, "{language}");
                        next += 1;
                    }
                    let last = batch.num_rows() - 1;
                    assert_eq!(batch.column(1).as_string::<i32>().value(last), format!("row {}", next - 1));
                }
                Piece::Done(response) => {
                    assert!(response.error.is_none(), "{language}: {response:?}");
                    done += 1;
                }
            }
        }
        assert_eq!((usize::try_from(next)?, done), (ROWS, 1), "{language}");
        assert!(batches >= 8, "{language}: {batches} batches");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_arrive_with_level_and_fields() -> Result<()> {
    let log = Log::keep();
    for language in LANGUAGES {
        let host = cases(language, "http://127.0.0.1".to_owned()).await?;
        host.ask(&[json!({"do": "log"})], 0, 1).await?;
        let (text, plugin) = (log.text(), format!("test-{language}-cases-datasource"));
        let line = text.lines().find(|line| line.contains("a line of the guest") && line.contains(&plugin));
        let line = line.with_context(|| format!("no line of {language} in {text}"))?;
        assert!(line.contains("WARN wellhead::guest") && line.contains("key=value"), "{line}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_calls_are_answered() -> Result<()> {
    for language in LANGUAGES {
        let host = cases(language, "http://127.0.0.1".to_owned()).await?;
        let call = async |path: &str| -> Result<(u16, Value)> {
            let request = CallResourceRequest {
                method: "POST".parse()?,
                path: path.to_owned(),
                query: "q=a%20b".to_owned(),
                headers: Default::default(),
                body: ResourceBody::full(r#"{"sent": [1, "ü"]}"#),
            };
            let answer = host.runtime().client().call_resource(host.context(), request).await?;
            Ok((answer.status.as_u16(), serde_json::from_slice(&answer.body.collect(1 << 20).await?)?))
        };
        let echoed = json!({"body": {"sent": [1, "ü"]}, "method": "POST", "q": "a b"});
        assert_eq!(call("echo").await?, (200, echoed), "{language}");
        assert_eq!(call("else").await?, (404, json!({"message": "there is no resource \"else\""})), "{language}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn live_channels_are_fed_and_end() -> Result<()> {
    for language in LANGUAGES {
        let host = cases(language, "http://127.0.0.1".to_owned()).await?;
        let client = host.runtime().client();
        let to = |path: &str, data: Value| StreamRequest { path: path.to_owned(), data: data.to_string() };

        let said = client.subscribe_stream(host.context(), to("count", json!({}))).await?;
        assert_eq!(said.access, StreamAccess::Ok, "{language}");
        let said = client.subscribe_stream(host.context(), to("else", json!({}))).await?;
        assert_eq!(said.access, StreamAccess::NotFound, "{language}");
        let said = client.publish_stream(host.context(), to("count", json!({"n": 1}))).await?;
        let data: Value = serde_json::from_str(&said.data.context("what is published")?)?;
        assert_eq!(data, json!({"said": {"n": 1}}), "{language}");

        let mut run = client.run_stream(host.context(), to("count", json!({"to": 3}))).await?;
        let mut frames: Vec<Frame> = Vec::new();
        let end = loop {
            match run.next().await {
                Ok(frame) => frames.push(frame),
                Err(end) => break end,
            }
        };
        assert!(matches!(end, RunEnd::Finished), "{language}: {end}");
        let numbers: Vec<_> = frames.iter().filter_map(|frame| frame.field(0)?.values().next()).collect();
        assert_eq!(numbers, [0_i64, 1, 2].map(Into::into), "{language}");

        // One that nobody follows any more ends, and the next one is not hindered.
        for _ in 0..20 {
            let mut run = client.run_stream(host.context(), to("count", json!({}))).await?;
            if let Err(end) = run.next().await {
                bail!("{language}: {end}");
            }
        }
    }
    Ok(())
}
