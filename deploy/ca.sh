#!/usr/bin/env bash
# The private certificate authority of agentmon's nodes. Whoever has a certificate of it is a full member: sign nodes and
# operators only, and keep FOLDER/ca.key where no node runs.
#   ca.sh create FOLDER        a new authority: ca.crt (for AGENTMON_CONTROL_CA), ca.key, revoked.pem
#   ca.sh sign FOLDER NAME     a key and certificate for a node: nodes/NAME.key and nodes/NAME.crt; again: a new pair
#   ca.sh revoke FOLDER NAME   all certificates of that node count no more: copy revoked.pem to every node
#   ca.sh list FOLDER          what was signed: V valid, R revoked, E expired
set -euo pipefail
umask 077

usage() { sed -n '4,7s/^# *//p' "$0" >&2; exit 64; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

action=${1-} folder=${2-} name=${3-}
days=825         # of a node's certificate
authority=3650   # days of the authority, and of its list of revoked certificates

[[ -n $folder ]] || usage
if [[ $action == sign || $action == revoke ]]; then
  [[ $name =~ ^[A-Za-z0-9._-]{1,64}$ ]] || usage
fi
if [[ $action != create ]]; then
  [[ -f $folder/ca.key ]] || fail "$folder holds no authority; make one: $0 create $folder"
  folder=$(cd "$folder" && pwd)
fi

ca() { openssl ca -config "$folder/openssl.cnf" -batch -notext "$@" 2>"$folder/openssl.log" || { cat "$folder/openssl.log" >&2; exit 1; }; }

write_list() {
  ca -gencrl -crldays "$authority" -out "$folder/revoked.pem.new"
  mv "$folder/revoked.pem.new" "$folder/revoked.pem"
  chmod 644 "$folder/revoked.pem"
}

create() {
  [[ ! -e $folder/ca.key ]] || fail "$folder holds an authority already"
  mkdir -p "$folder/nodes" "$folder/signed"
  folder=$(cd "$folder" && pwd)
  cat > "$folder/openssl.cnf" << END
[ca]
default_ca = agentmon
[agentmon]
database = $folder/index.txt
new_certs_dir = $folder/signed
certificate = $folder/ca.crt
private_key = $folder/ca.key
crlnumber = $folder/crlnumber
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = $days
policy = name
x509_extensions = node
[name]
commonName = supplied
[node]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
  : > "$folder/index.txt"
  echo 01 > "$folder/crlnumber"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$folder/ca.key" -out "$folder/ca.crt" \
    -days "$authority" -subj "/CN=agentmon nodes" -addext "basicConstraints=critical,CA:true,pathlen:0" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>"$folder/openssl.log" || { cat "$folder/openssl.log" >&2; exit 1; }
  chmod 644 "$folder/ca.crt"
  write_list
}

# The new pair replaces the old one by two renames; a node that reads in between keeps the pair that it has.
sign() {
  local at=$folder/nodes/$name
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$at.key.new" -out "$at.csr" \
    -subj "/CN=$name" 2>"$folder/openssl.log" || { cat "$folder/openssl.log" >&2; exit 1; }
  ca -in "$at.csr" -out "$at.crt.new"
  chmod 644 "$at.crt.new"
  mv "$at.key.new" "$at.key"
  mv "$at.crt.new" "$at.crt"
  rm -f "$at.csr"
  printf '%s\n' "$at.crt" "$at.key"
}

revoke() {
  local serial found=false
  while read -r serial; do
    found=true
    ca -revoke "$folder/signed/$serial.pem"
  done < <(awk -F'\t' -v name="/CN=$name" '$1 == "V" && $6 == name { print $4 }' "$folder/index.txt")
  $found || fail "no valid certificate of $name was signed here"
  write_list
  printf 'Copy %s to every node (AGENTMON_CONTROL_REVOKED).\n' "$folder/revoked.pem"
}

case $action in
  create) create ;;
  sign) sign ;;
  revoke) revoke ;;
  list) awk -F'\t' '{ print $1, $2, $6 }' "$folder/index.txt" ;;
  *) usage ;;
esac
