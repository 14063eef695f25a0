// An inventory with many accounts: organizational units, accounts that joined at different times, PHI, an agreement, a few people.
import { mkdirSync, writeFileSync } from "node:fs";

const [count, folder] = [Number(process.argv[2]), process.argv[3]];
const organization = "o-large00001", number = (n) => String(100000000000 + n);
const units = Array.from({ length: 25 }, (_, n) => `ou-ab12-unit${String(n).padStart(4, "0")}`);
const entities = [
  { uid: `Organization::"${organization}"`, attrs: { featureSet: "ALL", managementAccount: number(0), trustedAccess: true, serviceRole: true } },
  ...units.map((id, n) => ({ uid: `OrganizationalUnit::"${id}"`, attrs: { name: `Unit ${n}` }, parents: [n < 5 ? organization : units[n % 5]] })),
  { uid: 'CustomerAgreement::"customer-agreement-Large0123456789a"', attrs: { agreement: "baa", organization, effectiveStart: "2024-03-05" } },
];
for (let n = 0; n < count; n += 1) {
  const left = n > 0 && n % 50 === 0;
  const membership = { organization, from: `20${20 + (n % 6)}-0${1 + (n % 9)}-01`, ...(left ? { until: "2026-05-01" } : {}) };
  const attrs = { name: `account-${n}`, memberships: [membership], ...(n % 7 === 0 ? { phi: { services: ["s3"] } } : {}) };
  entities.push({ uid: `Account::"${number(n)}"`, attrs, ...(left ? {} : { parents: [n === 0 ? organization : units[n % units.length]] }) });
  if (n % 2 === 0) entities.push({ uid: `Role::"arn:aws:iam::${number(n)}:role/admin"`, attrs: { policies: ["arn:aws:iam::aws:policy/AdministratorAccess"] } });
}
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/entities.json`, JSON.stringify(entities));
writeFileSync(`${folder}/countersign.toml`, "asOf = 2026-11-01\n");
