/** Made-up secrets, each in the shape of a real one. None of them may leave a machine. */
const planted = {
  openai: "sk-proj-Zx81mQpLr72TnVb34KcWd95Yh",
  anthropic: "sk-ant-api03-Qw7ErTy12UiOp56AsDf90GhJk",
  github: "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  gitlab: "glpat-x7Yz9AbCdEfGh1234567",
  slack: "xoxb-2481357902-13579246801-AbCdEfGhIjKlMnOp",
  aws: "AKIAQ7W2E9R4T6Y1U8I3",
  awsSecret: "wJb9rKq2XUtnFEMIk7MDENGqPxRfiCYzQ8ExampleK",
  google: "AIzaSyD4x7Q9mK2wLpV8nB5cT1hR6jF3gY0sE",
  jwt: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
  telegram: "7246810135:AAHk3Vb9xQzLmNpRtSuWyEfGhJkLoPiUyTr",
  password: "correct-horse-battery",
  urlPassword: "hunter2isnotsafe",
  pem: "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
  cookie: "s3ss10n-c00k1e-value-81726354",
} as const;

export const plantedSecrets: readonly string[] = Object.values(planted);

export const withSecrets: Readonly<Record<string, string>> = {
  "a command line": `curl -H "Authorization: Bearer ${planted.openai}" -u admin:${planted.password} https://x.test`,
  "flags": `deploy --token ${planted.github} --api-key=${planted.openai} --password '${planted.password}' --verbose`,
  "a URL": `git clone https://bob:${planted.urlPassword}@git.example.org/x.git && curl "https://x.test/?api_key=${planted.google}&a=1"`,
  "a dump of the environment": `HOME=/root\nOPENAI_API_KEY=${planted.openai}\nANTHROPIC_API_KEY="${planted.anthropic}"\nAWS_ACCESS_KEY_ID=${planted.aws}\nAWS_SECRET_ACCESS_KEY=${planted.awsSecret}\nDATABASE_URL=postgres://app:${planted.urlPassword}@db/app\nDB_PASSWORD=${planted.password}\nPATH=/bin`,
  "JSON in a text": `{"user":"bob","password":"${planted.password}","nested":"{\\"apiKey\\":\\"${planted.awsSecret}\\"}"}`,
  "YAML": `db:\n  password: ${planted.password}\n  client_secret: "${planted.awsSecret}"\n`,
  "headers": `Cookie: sid=${planted.cookie}; other=1\nSet-Cookie: sid=${planted.cookie}; Path=/\nX-Api-Key: ${planted.awsSecret}\nauthorization: Basic ${Buffer.from("bob:secret-and-long").toString("base64")}`,
  "bare keys": Object.values(planted)
    .filter((each) => /^(sk-|ghp_|glpat|xox|AKIA|AIza|eyJ|\d+:)/.test(each))
    .join(" and "),
  "a private key": `-----BEGIN RSA PRIVATE KEY-----\n${planted.pem}\n-----END RSA PRIVATE KEY-----`,
  "half a private key": `cat id_rsa\n-----BEGIN OPENSSH PRIVATE KEY-----\n${planted.pem}\n`,
  "a sentence": `my password is '${planted.password}', the token is ${planted.urlPassword}; set the secret to "${planted.awsSecret}".`,
  "a database client": `mysql -h db -u root -p${planted.password} app; sshpass -p ${planted.password} ssh bob@x`,
};
