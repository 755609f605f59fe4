/** PRIMARY changing between any two looks: each of those changes has a record of its own, which looks as well. */
const roundsMax = 5;

/**
 * Puts on BACKUP what PRIMARY was seen to have, and looks again, until PRIMARY still has it afterwards. What was read
 * first may be put last: a consumer that stood still in between undoes what another one made of a later change, and its
 * own record is another's by then and does not come again.
 * @param put gives whether it had anything to change: where it had not, it undid nothing.
 */
export async function putUntilStill<T>(
  first: T,
  put: (seen: T) => Promise<boolean>,
  look: () => Promise<T>,
): Promise<void> {
  let seen = first;
  for (let rounds = 0; rounds < roundsMax && (await put(seen)); rounds++) {
    const now = await look();
    if (JSON.stringify(now) === JSON.stringify(seen)) return;
    seen = now;
  }
}
