//! Rendering a folder once, again, and after its keys were replaced or lost.

use crate::rendering;
use std::collections::BTreeMap;
use std::path::Path;

use crate::rendering::{Folder, NOW, id, key};
use chappe::jws::Signer as _;
use chappe::topology::{ROOT_KEYS, ROOT_THRESHOLD, RenderError};

/// Every file with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                all.insert(path.display().to_string(), std::fs::read(&path).expect("read"));
            }
        }
    }
    all
}

fn lose(folder: &Folder, node: &str, names: &[&str]) {
    for name in names {
        std::fs::remove_file(folder.offline(node).join(name)).expect("removed");
    }
}

/// Puts another key in the place of each.
fn replace(folder: &Folder, node: &str, names: &[&str]) {
    lose(folder, node, names);
    for name in names {
        chappe::keys::create_plain_key(&folder.offline(node).join(name)).expect("made");
    }
}

#[test]
fn every_root_has_five_keys_and_is_signed_by_three_of_them() {
    let folder = Folder::europe();
    for node in ["eu", "eu-fr", "eu-de", "eu-be"] {
        let root = folder.root(node);
        assert_eq!((root.version, root.root.threshold, root.root.keys.len()), (1, 3, 5), "{node}");
        let files =
            (1..=ROOT_KEYS).map(|n| key(&folder.offline(node).join(format!("root-{n}.pem"))));
        let keys: Vec<_> = files.map(|key| key.public().clone()).collect();
        let signed = folder.document(&format!("{node}.root")).signers(&keys);
        assert_eq!(signed.len(), ROOT_THRESHOLD, "{node}");
        assert_eq!((root.bundle.threshold, root.bundle.keys.len()), (1, 2), "{node}");
    }
    assert!(!folder.offline("eu-fr-bre").join("root-1.pem").exists(), "a region has no root");
}

#[test]
fn rendering_again_changes_no_key_and_no_document() {
    let folder = Folder::small();
    let before = files(folder.path());
    folder.render_at(NOW.secs() + 86_400).expect("rendered");
    let after = files(folder.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, bytes) in before {
        assert_eq!(after[&path], bytes, "{path}");
    }
}

#[test]
fn a_replaced_root_key_makes_the_next_root_which_the_old_and_the_new_threshold_sign() {
    let folder = Folder::small();
    let old = folder.document("eu-fr.root");
    let (first, union) = (folder.root("eu-fr"), folder.bundle("eu").version);
    let belgian = files(folder.path());
    replace(&folder, "eu-fr", &["root-1.pem", "root-4.pem"]);
    folder.render_at(NOW.secs() + 60).expect("rendered");
    let second = folder.root("eu-fr");
    assert_eq!((second.version, second.root.threshold, second.root.keys.len()), (2, 3, 5));
    let document = folder.document("eu-fr.root");
    for root in [&first, &second] {
        let signed = document.signers(&rendering::public(&root.root));
        assert!(signed.len() >= 3, "root 2 by {} keys of root {}", signed.len(), root.version);
    }
    assert_eq!(folder.document("eu-fr.root.1"), old, "the root before stays");
    assert_eq!(folder.document("eu-fr.root.2"), document, "the newest is the one to pin");
    assert_eq!(folder.bundle("eu").version, union + 1, "the union introduces the new keys");
    let after = files(folder.path());
    for (path, bytes) in belgian.iter().filter(|(path, _)| path.contains("/eu-be")) {
        assert_eq!(&after[path], bytes, "{path}: what did not change stays");
    }
}

#[test]
fn who_pins_any_root_of_the_chain_believes_the_same_seats_and_keys() {
    let folder = Folder::small();
    replace(&folder, "eu-fr", &["root-5.pem"]);
    folder.render_at(NOW.secs() + 60).expect("rendered");
    let of = |pin: &str| rendering::inside(&folder.trust_from(pin, &folder.documents()), "eu-fr");
    assert_eq!(of("eu-fr.root.1"), of("eu-fr.root"));
    for home in ["eu", "eu-be"] {
        let abroad = folder.trust(home);
        assert!(abroad.seat(&id("eu-fr-bre-hospital1")).is_some(), "{home} follows the union");
    }
}

#[test]
fn with_too_few_keys_of_the_root_before_nothing_is_changed_and_the_error_says_what_to_bring_back() {
    let folder = Folder::small();
    replace(&folder, "eu-fr", &["root-1.pem", "root-2.pem", "root-3.pem"]);
    let before = files(folder.path());
    let error = folder.render_at(NOW.secs() + 60).expect_err("too few keys");
    let RenderError::RootKeys { node, version, need, have, .. } = &error else { panic!("{error}") };
    assert_eq!((node, *version, *need, *have), (&id("eu-fr"), 1, 3, 2));
    assert!(error.to_string().contains("bring back the others"), "{error}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_root_key_that_was_renamed_still_signs_what_replaces_it() {
    let folder = Folder::small();
    let offline = folder.offline("eu-be");
    for number in 1..=3 {
        let file = offline.join(format!("root-{number}.pem"));
        std::fs::rename(&file, offline.join(format!("root-{number}-old.pem"))).expect("renamed");
        chappe::keys::create_plain_key(&file).expect("made");
    }
    folder.render_at(NOW.secs() + 60).expect("rendered");
    let second = folder.root("eu-be");
    assert_eq!((second.version, second.root.keys.len()), (2, 5));
}

/// After a ceremony each key is with another person, and the topology still changes.
#[test]
fn root_keys_that_are_away_are_not_made_again_and_stop_no_bundle() {
    let folder = Folder::small();
    for node in ["eu", "eu-fr", "eu-be"] {
        let roots: Vec<String> = (1..=ROOT_KEYS).map(|n| format!("root-{n}.pem")).collect();
        lose(&folder, node, &roots.iter().map(String::as_str).collect::<Vec<_>>());
    }
    lose(&folder, "eu-fr", &["bundle.pem"]);
    let before = files(folder.path());
    folder.render_at(NOW.secs() + 60).expect("rendered");
    assert_eq!(files(folder.path()), before);
    lose(&folder, "eu-fr-bre", &["bundle.pem"]);
    folder.render_at(NOW.secs() + 120).expect("the spare key signs");
    assert_eq!((folder.bundle("eu-fr").version, folder.root("eu-fr").version), (2, 1));
}

#[test]
fn without_any_bundle_key_the_next_bundle_is_refused_and_the_file_is_named() {
    let folder = Folder::small();
    lose(&folder, "eu-fr", &["bundle.pem", "bundle-spare.pem"]);
    lose(&folder, "eu-fr-bre", &["bundle.pem"]);
    let error = folder.render_at(NOW.secs() + 60).expect_err("no key");
    assert!(error.to_string().contains("offline/eu-fr/bundle.pem"), "{error}");
    assert_eq!(folder.bundle("eu-fr").version, 1);
}

/// What a folder of an earlier version has: a root of one key.
#[test]
fn a_root_of_one_key_becomes_the_first_link_of_the_chain() {
    let folder = Folder::small();
    let only = key(&folder.offline("eu-be").join("root-1.pem"));
    let mut root = folder.root("eu-be");
    root.root.threshold = 1;
    root.root.keys = vec![only.public().to_jwk()];
    folder.replace("eu-be.root", &rendering::signed(&root, &[&only]));
    std::fs::remove_file(folder.path().join("trust/eu-be.root.1.json")).expect("removed");
    let offline = folder.offline("eu-be");
    std::fs::rename(offline.join("root-1.pem"), offline.join("root.pem")).expect("renamed");
    folder.render_at(NOW.secs() + 60).expect("rendered");
    let second = folder.root("eu-be");
    assert_eq!((second.version, second.root.threshold), (2, 3));
    let signed = folder.document("eu-be.root.2").signers(&rendering::public(&root.root));
    assert_eq!(signed.len(), 1, "the only old key has signed too");
}

#[test]
fn a_bundle_key_that_was_replaced_signs_the_bundle_anew() {
    let folder = Folder::small();
    lose(&folder, "eu-fr-bre", &["bundle.pem"]);
    folder.render_at(NOW.secs() + 60).expect("rendered");
    assert_eq!(folder.bundle("eu-fr-bre").version, 2);
    assert_eq!(folder.bundle("eu-fr").version, 2, "it introduces the new key");
    assert_eq!(folder.root("eu-fr").version, 1);
}

/// A revocation is in no topology, and a new bundle must not undo it.
#[test]
fn the_next_bundle_keeps_revocations_and_from_when_on_a_key_counts() {
    let folder = Folder::small();
    let first = folder.bundle("eu-fr");
    let revoked = folder.resigned("eu-fr", |bundle| {
        bundle.revoked = vec![rendering::revocation("gone", NOW.secs())];
    });
    folder.replace("eu-fr.bundle", &revoked);
    lose(&folder, "eu-fr-nor", &["bundle.pem"]);
    folder.render_at(NOW.secs() + 86_400).expect("rendered");
    let next = folder.bundle("eu-fr");
    assert_eq!((next.version, next.revoked.len()), (3, 1));
    for (old, new) in first.keys.iter().zip(&next.keys) {
        assert_eq!((&old.jwk, old.nbf), (&new.jwk, new.nbf));
        assert!(new.exp > old.exp);
    }
}
