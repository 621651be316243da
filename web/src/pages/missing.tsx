// What an address shows that leads nowhere: what may have happened, and the ways back.
import type { Start } from "../api";
import { useTitle } from "../route";

// Titles, which a page that finds nothing gives to the window too.
export const kNoSuchCheck = "There is no such check";
export const kNoSuchSet = "There is no such set";

interface Missing {
  title: string;
  reason: string;
  may_sign_in?: boolean; // somebody who signs in may see something here
}

function Nothing({ title, reason, may_sign_in = false }: Missing) {
  useTitle(title);
  return (
    <>
      <h1>{title}</h1>
      <p class="lead">{reason}</p>
      <ul>
        <li>
          <a href="/">Ask about a claim</a>
        </li>
        <li>
          <a href="/history">See what was measured before</a>
        </li>
        {may_sign_in && (
          <li>
            <a href="/sign-in">Sign in</a>
          </li>
        )}
      </ul>
    </>
  );
}

export const MissingPage = () => (
  <Nothing
    title="There is no page at this address"
    reason="The address may have been mistyped or cut off, or the page has moved."
  />
);

// The service does not say whether a check belongs to somebody else.
export const MissingCheck = ({ start }: { start: Start }) => (
  <Nothing
    title={kNoSuchCheck}
    reason="It may have been deleted, or it belongs to another account. The address may also have been cut off."
    may_sign_in={!start.user}
  />
);

export const MissingSet = () => (
  <Nothing
    title={kNoSuchSet}
    reason="It may have been deleted, or it belongs to another account. The address may also have been cut off."
  />
);

export const MissingShare = () => (
  <Nothing
    title="This result is not shared"
    reason="Its owner may have stopped sharing it, or the address has been cut off."
  />
);
