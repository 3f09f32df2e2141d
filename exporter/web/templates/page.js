// Renews what changes, in its place: the page works without this too, then it is loaded anew every 30 s.
(() => {
  const filter = document.getElementById('filter');
  const lost = document.getElementById('lost');
  let asked = 0;

  // The first row that can be seen stays where it is, whatever is inserted above it.
  function place() {
    const row = [...document.querySelectorAll('tr[id]')].find((one) => one.getBoundingClientRect().bottom > 0);
    return row && row.getBoundingClientRect().top < innerHeight ? { id: row.id, top: row.getBoundingClientRect().top } : null;
  }

  function replace(fresh) {
    const seen = scrollY > 0 ? place() : null;
    for (const old of document.querySelectorAll('.live')) old.replaceWith(fresh.getElementById(old.id));
    document.title = fresh.title;
    document.querySelector('link[rel=icon]').href = fresh.querySelector('link[rel=icon]').href;
    const row = seen && document.getElementById(seen.id);
    if (row) scrollBy({ top: row.getBoundingClientRect().top - seen.top, behavior: 'instant' });
  }

  async function renew() {
    const mine = ++asked;
    try {
      const answer = await fetch(location.pathname + location.search, { cache: 'no-store' });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (mine !== asked) return;
      replace(fresh);
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }

  function reading() {
    return document.hidden || !getSelection().isCollapsed;
  }

  let typing;
  filter.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const searched = filter.value.trim();
      history.replaceState(null, '', location.pathname + (searched ? '?q=' + encodeURIComponent(searched) : '') + location.hash);
      renew();
    }, 200);
  });
  filter.form.addEventListener('submit', (event) => event.preventDefault());
  document.body.classList.add('scripted');
  document.addEventListener('visibilitychange', () => document.hidden || renew());
  setInterval(() => reading() || renew(), 10000);
})();
