//! Real documents are read as they are: the fixtures to the letter, the demo's set whole, and,
//! where it lies beside the repository, a reference set of a thousand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chappe::document::{Described, DocumentError, Format, describe};
use chappe::notice::{Kind, Severity, Statement, Tlp};
use serde_json::json;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(name: &str) -> Described {
    let path = root().join("tests/fixtures/documents").join(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    describe(&bytes, name).unwrap_or_else(|error| panic!("{error}"))
}

/// Every `.json` below a folder; none if the folder is absent.
fn json_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(json_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Reads one file, and checks what must hold for every document that was recognised.
fn read_whole(path: &Path) -> Described {
    let name = path.display().to_string();
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let read = describe(&bytes, &name).unwrap_or_else(|error| panic!("{error}"));
    if read.format != Format::Other {
        let statement = Statement::parse(&statement_about(&read, bytes.len()));
        assert!(statement.is_ok(), "{name}: {statement:?}");
    }
    read
}

/// The longest statement that a publisher would make of it.
fn statement_about(read: &Described, len: usize) -> Vec<u8> {
    let statement = json!({
        "fed": "0".repeat(32), "iss": "eu-fr", "iat": 1_795_507_800, "exp": 1_795_507_801,
        "kind": read.kind, "aud": "scope:eu.fr.bre.digital-infrastructure",
        "tlp": read.tlp.unwrap_or(Tlp::Clear),
        "severity": read.severity.unwrap_or(Severity::Unknown),
        "title": read.title, "lang": read.lang.as_deref().unwrap_or("en"),
        "doc": {"pub": read.publisher, "ref": read.reference, "version": read.version,
                "revision": read.revision},
        "body": {"type": read.media, "len": len, "sha256": "0".repeat(64)},
    });
    statement.to_string().into_bytes()
}

fn count(paths: &[PathBuf]) -> BTreeMap<Format, usize> {
    let mut counts = BTreeMap::new();
    for path in paths {
        *counts.entry(read_whole(path).format).or_default() += 1;
    }
    counts
}

#[test]
fn an_avis_of_cert_fr_counts_its_revisions() {
    let read = fixture("CERTFR-2024-AVI-0601.json");
    assert_eq!((read.format, read.kind), (Format::CertFrAvis, Kind::Advisory));
    assert_eq!(read.publisher.as_deref(), Some("https://www.cert.ssi.gouv.fr"));
    assert_eq!(read.reference.as_deref(), Some("CERTFR-2024-AVI-0601"));
    assert_eq!((read.revision, read.version.as_deref()), (Some(3), Some("3")));
    assert_eq!((read.severity, read.tlp, read.lang.as_deref()), (None, None, Some("fr")));
    assert_eq!(fixture("CERTA-2013-AVI-634.json").format, Format::CertFrAvis);
}

#[test]
fn an_alerte_of_cert_fr_is_critical_open_or_closed() {
    let open = fixture("CERTFR-2025-ALE-014.json");
    assert_eq!((open.format, open.kind), (Format::CertFrAlerte, Kind::Alert));
    assert_eq!((open.severity, open.closed_at), (Some(Severity::Critical), None));
    let closed = fixture("CERTFR-2024-ALE-008.json");
    assert_eq!(closed.closed_at.as_deref(), Some("2024-07-01"));
    let title = closed.title.unwrap_or_default();
    assert_eq!(title, "[MàJ] Vulnérabilité dans les produits Check Point");
}

#[test]
fn an_alerte_whose_revisions_are_out_of_order_is_dated_by_the_latest() {
    let read = fixture("CERTFR-2025-ALE-013.json");
    assert_eq!(read.revision, Some(6));
    assert_eq!(read.current_release.as_deref(), Some("2025-12-09T00:00:00.000000"));
}

#[test]
fn an_advisory_of_cisa_is_as_bad_as_its_worst_score() {
    let read = fixture("icsa-24-060-01.json");
    assert_eq!((read.format, read.kind), (Format::Csaf20, Kind::Advisory));
    assert_eq!(read.publisher.as_deref(), Some("https://www.cisa.gov/"));
    assert_eq!(read.reference.as_deref(), Some("ICSA-24-060-01"));
    assert_eq!(read.title.as_deref(), Some("Delta Electronics CNCSoft-B"));
    assert_eq!((read.severity, read.tlp), (Some(Severity::High), Some(Tlp::Clear)));
    assert_eq!(fixture("icsma-18-058-01.json").revision, Some(4));
}

#[test]
fn an_advisory_of_red_hat_is_as_bad_as_red_hat_says() {
    let read = fixture("rhsa-2023_5835.json");
    assert_eq!(read.reference.as_deref(), Some("RHSA-2023:5835"));
    assert_eq!((read.severity, read.revision), (Some(Severity::High), Some(3)));
    assert_eq!(fixture("CVE-2024-34502.json").severity, Some(Severity::Medium));
    assert_eq!(fixture("oasis-2.0-bsi-2022-0001.json").severity, Some(Severity::Medium));
}

#[test]
fn csaf_2_1_is_read_with_its_strict_labels_and_its_endings() {
    let read = fixture("oasis-2.1-rhsa-2022_0011.json");
    assert_eq!((read.format, read.severity), (Format::Csaf21, Some(Severity::High)));
    let strict = fixture("oasis-2.1-amber-strict.json");
    assert_eq!(strict.tlp, Some(Tlp::AmberStrict));
    assert!(strict.is_stricter_than(Tlp::Amber) && strict.sharing_group.is_some());
    let withdrawn = fixture("oasis-2.1-withdrawn.json");
    assert!(withdrawn.withdrawn && !withdrawn.draft);
    assert!(fixture("oasis-2.1-draft.json").draft);
}

#[test]
fn a_signature_file_is_just_a_file() {
    let read = fixture("icsa-24-060-01.json.asc");
    assert_eq!(read, Described::other("application/octet-stream"));
}

#[test]
fn a_document_cut_short_anywhere_is_refused() {
    let whole = include_bytes!("../fixtures/documents/icsa-24-060-01.json").trim_ascii_end();
    for end in (0..whole.len()).step_by(61) {
        let cut = describe(&whole[..end], "icsa-24-060-01.json");
        assert!(matches!(cut, Err(DocumentError::Syntax { .. })), "{end}: {cut:?}");
    }
}

#[test]
fn the_demos_set_is_whole_and_small() {
    let paths = json_below(&root().join("demo/documents"));
    let counts = count(&paths);
    assert_eq!(counts.get(&Format::CertFrAvis), Some(&18));
    assert_eq!(counts.get(&Format::CertFrAlerte), Some(&13));
    assert_eq!(counts.get(&Format::Csaf20), Some(&21));
    assert_eq!(counts.get(&Format::Csaf21), Some(&2));
    let sizes: Vec<u64> =
        paths.iter().flat_map(fs::metadata).map(|metadata| metadata.len()).collect();
    assert_eq!(sizes.iter().filter(|size| **size > 1 << 20).count(), 1, "one above 1 MiB");
    assert!(sizes.iter().sum::<u64>() < 3_500_000);
    let sendable = |path: &PathBuf| !read_whole(path).draft && !read_whole(path).withdrawn;
    assert!(paths.iter().all(sendable));
}

#[test]
fn every_document_of_the_reference_set_is_read() {
    let data = root().join("../shared/data");
    for (folder, expected) in [
        ("certfr-json", Format::CertFrAvis),
        ("certfr-ale-json", Format::CertFrAlerte),
        ("csaf-cisa", Format::Csaf20),
        ("csaf-redhat", Format::Csaf20),
        ("csaf-oasis", Format::Csaf20),
    ] {
        let paths = json_below(&data.join(folder));
        let counts = count(&paths);
        println!("{folder}: {} files, {counts:?}", paths.len());
        if !paths.is_empty() {
            assert!(counts.get(&expected).is_some_and(|read| *read * 2 > paths.len()), "{folder}");
        }
    }
}
