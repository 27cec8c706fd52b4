// Before anything is drawn: what only works with JavaScript is drawn only where there is JavaScript.
document.documentElement.classList.add("js");
