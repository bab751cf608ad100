//! Keys are exchanged with openssl in both directions: operators make theirs with it.

#![allow(clippy::expect_used, clippy::panic)] // a test that panics has failed
use std::path::Path;
use std::process::Command;

use chappe::jws::{Signer as _, from_base64url};
use chappe::keys::{create_key, public_pem, read_key, read_public};

/// Runs openssl; `None`, with a note, where it is not installed.
fn openssl(args: &[&str], folder: &Path) -> Option<Vec<u8>> {
    let output = match Command::new("openssl").args(args).current_dir(folder).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: openssl is not installed");
            return None;
        }
        Err(error) => panic!("openssl: {error}"),
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {complaint}");
    Some(output.stdout)
}

fn owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
}

#[test]
fn a_key_that_openssl_made_signs_and_openssl_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    let made = openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"], folder.path());
    if made.is_none() {
        return;
    }
    owner_only(&path);
    let key = read_key(&path).expect("openssl's key");
    std::fs::write(folder.path().join("message"), b"a message").expect("written");
    let args = ["pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message"];
    let theirs = openssl(&args, folder.path()).expect("installed");
    assert_eq!(key.sign(b"a message").expect("signed").as_slice(), theirs);
}

#[test]
fn openssl_reads_a_key_that_chappe_made_and_finds_the_same_public_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    let key = create_key(&path).expect("generated");
    let Some(theirs) = openssl(&["pkey", "-in", "key.pem", "-pubout"], folder.path()) else {
        return;
    };
    assert_eq!(public_pem(key.public()).expect("a PEM").as_bytes(), theirs);
    std::fs::write(folder.path().join("public.pem"), &theirs).expect("written");
    let back = read_public(&folder.path().join("public.pem")).expect("a public key");
    assert_eq!(back.id(), key.public().id());
}

#[test]
fn openssl_verifies_what_chappe_signs() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = create_key(&folder.path().join("key.pem")).expect("generated");
    let signature = key.sign(b"a message").expect("signed");
    std::fs::write(folder.path().join("message"), b"a message").expect("written");
    std::fs::write(folder.path().join("signature"), signature).expect("written");
    let args = ["pkeyutl", "-verify", "-inkey", "key.pem", "-rawin"];
    let rest = ["-in", "message", "-sigfile", "signature"];
    let said = openssl(&[&args[..], &rest[..]].concat(), folder.path());
    assert!(said.is_none_or(|said| String::from_utf8_lossy(&said).contains("Verified")));
}

#[test]
fn an_encrypted_key_of_openssl_is_refused_by_that_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out", "e.pem"];
    if openssl(&args, folder.path()).is_none() {
        return;
    }
    let path = folder.path().join("e.pem");
    owner_only(&path);
    let error = read_key(&path).expect_err("encrypted");
    assert!(error.to_string().contains("passphrase"), "{error}");
}

#[test]
fn a_key_of_another_algorithm_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["genpkey", "-algorithm", "x25519", "-out", "x.pem"];
    if openssl(&args, folder.path()).is_none() {
        return;
    }
    let path = folder.path().join("x.pem");
    owner_only(&path);
    let error = read_key(&path).expect_err("another algorithm");
    assert!(error.to_string().contains("an Ed25519 key"), "{error}");
}

#[test]
fn a_public_key_is_also_read_as_jwk() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = create_key(&folder.path().join("key.pem")).expect("generated");
    let jwk = key.public().to_jwk();
    assert_eq!(from_base64url(&jwk.x).map(|x| x.len()), Some(32));
    let path = folder.path().join("key.jwk");
    std::fs::write(&path, serde_json::to_string(&jwk).expect("JSON")).expect("written");
    assert_eq!(read_public(&path).expect("a key").id(), key.public().id());
}
