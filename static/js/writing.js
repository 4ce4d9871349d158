addEventListener('DOMContentLoaded', () => {});
